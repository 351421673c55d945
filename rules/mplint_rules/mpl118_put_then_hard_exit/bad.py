import multiprocessing
import os
import queue

COUNT = 1000


def work(numbers, done):
    for number in range(COUNT):
        numbers.put(str(number) * 300)
    done.set()
    os._exit(0)


def main():
    numbers, done = multiprocessing.Queue(), multiprocessing.Event()
    worker = multiprocessing.Process(target=work, args=(numbers, done))
    worker.start()
    done.wait()
    print("expected:", COUNT)
    got = 0
    try:
        while got < COUNT:
            numbers.get(timeout=1)
            got += 1
    except queue.Empty:
        pass
    print("got:", got)
    worker.join()


if __name__ == "__main__":
    main()
