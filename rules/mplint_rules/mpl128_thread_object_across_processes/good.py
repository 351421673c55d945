import multiprocessing


def square(number, results):
    results.put(number * number)


def main():
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=square, args=(7, results))
    process.start()
    print("expected:", 49)
    print("got:", results.get())
    process.join()


if __name__ == "__main__":
    main()
