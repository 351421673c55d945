"""Main waits for a child that is at work, always in the same line."""

import itertools
import multiprocessing as mp


def work():
    sum(itertools.repeat(0))


if __name__ == "__main__":
    child = mp.Process(target=work)
    child.start()
    child.join()
