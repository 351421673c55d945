import multiprocessing


def produce(results):
    results.put([number * number for number in range(100_000)])


def main():
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=produce, args=(results,))
    process.start()
    process.join()
    print(len(results.get()))


if __name__ == "__main__":
    main()
