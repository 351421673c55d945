import multiprocessing


def square(number):
    results = multiprocessing.Queue()
    results.put(number * number)


def main():
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=square, args=(7,))
    process.start()
    print(results.get())
    process.join()


if __name__ == "__main__":
    main()
