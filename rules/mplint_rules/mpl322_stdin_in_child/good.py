import multiprocessing
import sys


def greet(name):
    print("Hello,", name)


def main():
    print("Your name?")
    name = sys.stdin.readline().strip()
    process = multiprocessing.Process(target=greet, args=(name,))
    process.start()
    process.join()


if __name__ == "__main__":
    main()
