"""Everybody waits for the forkserver, which needs long to begin."""

import multiprocessing as mp
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def work():
    pass


if __name__ == "__main__":
    # all that forkservers of any version look at
    os.environ["PYTHONPATH"] = os.pathsep.join([os.environ["PYTHONPATH"], HERE])
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["slow_to_import"])
    child = context.Process(target=work)
    child.start()
    child.join()
