import multiprocessing


def work(numbers, results):
    for number in numbers:
        results.put(number * number)


def main():
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=work, args=([1, 2, 3], results))
    process.start()
    for _ in range(3):
        print(results.get())
    process.join()


if __name__ == "__main__":
    main()
