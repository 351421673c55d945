import multiprocessing


def work(number, go, done):
    if number == 0:
        go.wait()  # the first one takes longer than the last
    with done.get_lock():
        done.value += 1


def main():
    go = multiprocessing.Event()
    done = multiprocessing.Value("i", 0)
    processes = []
    for number in range(2):
        process = multiprocessing.Process(target=work, args=(number, go, done))
        process.start()
        processes.append(process)
    go.set()
    for process in processes:
        process.join()
    print("expected: 2")
    print("got:", done.value)


if __name__ == "__main__":
    main()
