"""A worker dies with its task; the pool replaces the worker, and waits for the task's result."""

import multiprocessing as mp
import os


def work(number):
    if number == 3:
        os._exit(1)
    return number


if __name__ == "__main__":
    with mp.Pool(2) as pool:
        pool.map(work, range(6), chunksize=1)
