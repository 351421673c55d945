import multiprocessing


def work(lock):
    with lock:
        print("working")


def main():
    lock = multiprocessing.Lock()
    process = multiprocessing.Process(target=work, args=(lock,))
    with lock:
        process.start()
        print("started")
    process.join()


if __name__ == "__main__":
    main()
