import multiprocessing

counter = multiprocessing.Value("i", 0)


def work():
    with counter.get_lock():
        counter.value += 1


def main():
    processes = [multiprocessing.Process(target=work) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print("expected:", 3)
    print("got:", counter.value)


if __name__ == "__main__":
    main()
