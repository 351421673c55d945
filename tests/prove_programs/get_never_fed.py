"""Main waits for an item that nobody puts."""

import multiprocessing as mp

if __name__ == "__main__":
    queue = mp.Queue()
    queue.get()
