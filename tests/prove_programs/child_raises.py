"""The child ends with an exception, and main does not mind."""

import multiprocessing as mp


class Refused(Exception):
    pass


def work():
    raise Refused("not today\n  nor tomorrow")


if __name__ == "__main__":
    child = mp.Process(target=work, name="worker")
    child.start()
    child.join()
