import multiprocessing


def work(counter):
    with counter.get_lock():
        counter.value += 1


def main():
    counter = multiprocessing.Value("i", 0)
    processes = [multiprocessing.Process(target=work, args=(counter,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print("expected:", 3)
    print("got:", counter.value)


if __name__ == "__main__":
    main()
