"""Main waits for a child that sleeps, and will wake up."""

import multiprocessing as mp
import time


def work():
    time.sleep(600)


if __name__ == "__main__":
    child = mp.Process(target=work)
    child.start()
    child.join()
