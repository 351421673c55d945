"""The child fails before it puts what main waits for."""

import multiprocessing as mp


def work(queue):
    queue.put(1 // 0)


if __name__ == "__main__":
    queue = mp.Queue()
    child = mp.Process(target=work, args=(queue,))
    child.start()
    queue.get()
    child.join()
