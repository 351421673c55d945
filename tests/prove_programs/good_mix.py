"""A pool, an executor, a manager and shared memory, used as they should be, and a nap."""

import multiprocessing as mp
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import shared_memory


def work(number):
    time.sleep(0.05)
    return number


if __name__ == "__main__":
    with mp.Pool(2) as pool:
        first = sum(pool.map(work, range(4)))
    with ProcessPoolExecutor(2) as executor:
        second = sum(executor.map(work, range(4)))
    with mp.Manager() as manager:
        shared = manager.list([first, second])
        time.sleep(1.5)
        block = shared_memory.SharedMemory(create=True, size=10)
        block.close()
        block.unlink()
        print("expected:", [6, 6])
        print("got:", list(shared))
