import multiprocessing


def work(lock, number):
    with lock:
        print("working on", number)


if __name__ == "__main__":
    lock = multiprocessing.Lock()
    for number in range(3):
        multiprocessing.Process(target=work, args=(lock, number)).start()
