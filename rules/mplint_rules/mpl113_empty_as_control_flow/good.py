import multiprocessing


def total(numbers, results):
    results.put(sum(iter(numbers.get, None)))


def main():
    numbers = multiprocessing.Queue()
    results = multiprocessing.Queue()
    worker = multiprocessing.Process(target=total, args=(numbers, results))
    worker.start()
    for number in range(4):
        numbers.put(number)
    numbers.put(None)
    totals = [results.get()]
    worker.join()
    print("expected:", [6])
    print("got:", totals)


if __name__ == "__main__":
    main()
