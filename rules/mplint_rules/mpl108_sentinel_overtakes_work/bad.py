import multiprocessing


def produce(items, sent):
    sent.wait()  # the sentinel is there before the first item
    for number in (1, 2, 3):
        items.put(number)


def consume(items, total):
    while True:
        item = items.get()
        if item is None:
            break
        total.value += item


def main():
    items = multiprocessing.SimpleQueue()
    sent = multiprocessing.Event()
    total = multiprocessing.Value("i", 0)
    producer = multiprocessing.Process(target=produce, args=(items, sent))
    consumer = multiprocessing.Process(target=consume, args=(items, total))
    producer.start()
    consumer.start()
    items.put(None)
    sent.set()
    producer.join()
    consumer.join()
    print("expected: 6")
    print("got:", total.value)


if __name__ == "__main__":
    main()
