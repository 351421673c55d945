"""Main waits for an item, and the manager that serves the queue looks around every second."""

import multiprocessing as mp

if __name__ == "__main__":
    with mp.Manager() as manager:
        manager.Queue().get()
