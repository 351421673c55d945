"""Workers are replaced after each task, as is wished, while main waits."""

import multiprocessing as mp
import time


def work(number):
    time.sleep(0.02)
    return number


if __name__ == "__main__":
    with mp.Pool(2, maxtasksperchild=1) as pool:
        got = pool.map(work, range(60), chunksize=1)
    print("expected:", sum(range(60)))
    print("got:", sum(got))
