import multiprocessing
import time


def square(number, results):
    time.sleep(0.2)
    results.put(number * number)


def main():
    results = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=square, args=(n, results)) for n in range(4)]
    for worker in workers:
        worker.start()
    squares = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    print("expected:", [0, 1, 4, 9])
    print("got:", sorted(squares))


if __name__ == "__main__":
    main()
