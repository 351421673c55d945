"""Main waits for a task of a pool of threads, whose keeper looks around ten times a second."""

import multiprocessing as mp
from multiprocessing.pool import ThreadPool

if __name__ == "__main__":
    queue = mp.Queue()
    with ThreadPool(2) as pool:
        pool.map(lambda _: queue.get(), range(2))
