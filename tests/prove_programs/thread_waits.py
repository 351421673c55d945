"""The main thread has come to its end, where it waits for a thread that waits for an item."""

import multiprocessing as mp
import threading

if __name__ == "__main__":
    queue = mp.Queue()
    threading.Thread(target=queue.get).start()
