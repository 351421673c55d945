import multiprocessing


def search(numbers, best):
    best = max(numbers)


def main():
    best = multiprocessing.Value("i", 0)
    worker = multiprocessing.Process(target=search, args=([3, 8, 5], best))
    worker.start()
    worker.join()
    print("expected: 8")
    print("got:", best.value)


if __name__ == "__main__":
    main()
