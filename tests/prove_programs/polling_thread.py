"""Main waits for an item; a thread of it looks now and then whether to bring one."""

import multiprocessing as mp
import pathlib
import threading
import time


def bring(queue):
    while not pathlib.Path("item").exists():
        time.sleep(0.05)
    queue.put(1)


if __name__ == "__main__":
    queue = mp.Queue()
    pool = mp.Pool(1)
    threading.Thread(target=bring, args=(queue,), daemon=True).start()
    queue.get()
