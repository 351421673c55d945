import multiprocessing


def work(lock, number):
    with lock:
        print("working on", number)


if __name__ == "__main__":
    lock = multiprocessing.Lock()
    processes = [multiprocessing.Process(target=work, args=(lock, number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
