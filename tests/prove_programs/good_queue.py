"""Results come through a queue, each is read, and then the children are joined."""

import multiprocessing as mp


def work(queue, number):
    queue.put(number)


if __name__ == "__main__":
    queue = mp.Queue()
    children = [mp.Process(target=work, args=(queue, number)) for number in range(3)]
    for child in children:
        child.start()
    got = sum(queue.get() for _ in children)
    for child in children:
        child.join()
    print("expected:", 3)
    print("got:", got)
