"""Main joins a child that cannot end before somebody reads what it has put."""

import multiprocessing as mp


def work(queue):
    queue.put("x" * 1_000_000)


if __name__ == "__main__":
    queue = mp.Queue()
    child = mp.Process(target=work, args=(queue,))
    child.start()
    child.join()
    queue.get()
