"""Shared memory that only the resource tracker removes."""

from multiprocessing import shared_memory

if __name__ == "__main__":
    shared_memory.SharedMemory(create=True, size=1000)
