import multiprocessing


def count(counts, index):
    with open(__file__) as source:
        counts[index] = len(source.read())


def main():
    counts = multiprocessing.Array("i", 2)
    processes = [multiprocessing.Process(target=count, args=(counts, n)) for n in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    with open(__file__) as source:
        length = len(source.read())
    print("expected:", [length, length])
    print("got:", sorted(counts))


if __name__ == "__main__":
    main()
