"""Starts the producer and waits for it."""

from multiprocessing import Process, Queue

from pipeline.workers import produce


def main(paths):
    queue = Queue()
    producer = Process(target=produce, args=(queue, paths))
    producer.start()
    while True:
        text = queue.get()
        if text is None:
            break
        print(len(text))
    producer.join()


if __name__ == "__main__":
    main(["a.txt"])
