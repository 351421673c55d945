"""The queue's feeder thread says that it cannot pickle an item; no process ends by that."""

import multiprocessing as mp

if __name__ == "__main__":
    queue = mp.Queue()
    queue.put(lambda: None)
    queue.put(1)
    queue.get()
