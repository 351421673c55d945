import multiprocessing
import os
import signal


def work(number):
    # what Ctrl-C does: the signal goes to the parent and to its processes
    os.kill(multiprocessing.parent_process().pid, signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)


def main():
    pool = multiprocessing.Pool(1)
    try:
        pool.map(work, [1])
    finally:
        pool.close()
        pool.join()


if __name__ == "__main__":
    main()
