import multiprocessing
import os
import sys


def work():
    sys.exit(3)


def main():
    process = multiprocessing.Process(target=work)
    process.start()
    os.wait()
    process.join()
    print("expected: 3")
    print("got:", process.exitcode)


if __name__ == "__main__":
    main()
