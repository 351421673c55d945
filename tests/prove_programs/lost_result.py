"""The child counts in a list of its own."""

import multiprocessing as mp

counted = []


def work():
    counted.append(1)


if __name__ == "__main__":
    child = mp.Process(target=work)
    child.start()
    child.join()
    print("expected:", 1)
    print("got:", len(counted))
