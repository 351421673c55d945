import multiprocessing


def work(batches, sizes):
    for batch in iter(batches.get, None):
        sizes.put(len(batch))


def main():
    batches, sizes = multiprocessing.Queue(), multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(batches, sizes))
    batches.put([0] * 1_000_000)
    batch = [1, 2, 3]
    batches.put(list(batch))
    batch.clear()
    batches.put(None)
    worker.start()
    print("expected:", [1_000_000, 3])
    print("got:", [sizes.get(), sizes.get()])
    worker.join()


if __name__ == "__main__":
    main()
