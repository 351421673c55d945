import multiprocessing
import sys


def work():
    sys.exit(3)


def main():
    process = multiprocessing.Process(target=work)
    process.start()
    process.join()
    print("expected: 3")
    print("got:", process.exitcode)


if __name__ == "__main__":
    main()
