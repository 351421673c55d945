"""A task's exception comes out of the pool in main."""

import multiprocessing as mp


def work(number):
    return 1 // number


if __name__ == "__main__":
    with mp.Pool(2) as pool:
        pool.map(work, [1, 0])
