"""Every worker fails when it begins, and is replaced for ever."""

import multiprocessing as mp


def prepare():
    raise LookupError("no model")


def work(number):
    return number


if __name__ == "__main__":
    with mp.Pool(2, initializer=prepare) as pool:
        pool.map(work, range(4))
