import multiprocessing
from multiprocessing import shared_memory


def fill(name):
    block = shared_memory.SharedMemory(name=name)
    head = block.buf[:4]
    head[:] = b"done"
    block.close()


def main():
    block = shared_memory.SharedMemory(create=True, size=16)
    worker = multiprocessing.Process(target=fill, args=(block.name,))
    worker.start()
    worker.join()
    print(bytes(block.buf[:4]))
    block.close()
    block.unlink()


if __name__ == "__main__":
    main()
