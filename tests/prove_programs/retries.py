"""A thread starts a child again and again until it works, while main waits: no pool, no hang."""

import multiprocessing as mp
import pathlib
import threading
import time


def work():
    time.sleep(0.05)
    count = pathlib.Path("count")
    number = int(count.read_text()) + 1 if count.exists() else 1
    count.write_text(str(number))
    if number < 30:
        raise ConnectionError("not yet")


def until_it_works():
    while True:
        child = mp.Process(target=work)
        child.start()
        child.join()
        if child.exitcode == 0:
            return


if __name__ == "__main__":
    thread = threading.Thread(target=until_it_works)
    thread.start()
    thread.join()
