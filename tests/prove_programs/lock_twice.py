"""A function written in C waits: it has no frame on the stack."""

import multiprocessing as mp


def work(lock):
    lock.acquire()
    lock.acquire()


if __name__ == "__main__":
    lock = mp.Lock()
    child = mp.Process(target=work, args=(lock,), name="taker")
    child.start()
    child.join()
