import multiprocessing


def work(results):
    results.put(42)


def main():
    results = multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(results,))
    worker.start()
    results.close()
    print(results.get())
    worker.join()


if __name__ == "__main__":
    main()
