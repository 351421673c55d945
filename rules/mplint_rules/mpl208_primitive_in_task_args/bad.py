import multiprocessing


def square(number, results):
    results.put(number * number)


def main():
    results = multiprocessing.Queue()
    with multiprocessing.Pool(2) as pool:
        pool.starmap(square, [(1, results), (2, results)])
        print(results.get() + results.get())


if __name__ == "__main__":
    main()
