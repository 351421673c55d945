import multiprocessing


def produce(results):
    results.put([number * number for number in range(100_000)])


def main():
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=produce, args=(results,))
    process.start()
    print(len(results.get()))
    process.join()


if __name__ == "__main__":
    main()
