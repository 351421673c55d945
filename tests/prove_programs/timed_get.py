"""Main waits for an item, but not for ever."""

import multiprocessing as mp

if __name__ == "__main__":
    queue = mp.Queue()
    queue.get(timeout=600)
