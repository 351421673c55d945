import multiprocessing
import queue


def square(number, results):
    results.put(number * number)


def main():
    results = queue.Queue()
    process = multiprocessing.Process(target=square, args=(7, results))
    process.start()
    process.join()
    print("expected:", 1)
    print("got:", results.qsize())


if __name__ == "__main__":
    main()
