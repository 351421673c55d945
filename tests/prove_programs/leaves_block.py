"""Shared memory that nobody removes, the resource tracker included."""

from multiprocessing import resource_tracker, shared_memory

if __name__ == "__main__":
    block = shared_memory.SharedMemory(create=True, size=1000)
    resource_tracker.unregister(block._name, "shared_memory")
