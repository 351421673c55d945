import multiprocessing


def work(condition, notified):
    notified.wait()  # as it happens: this process is slow
    with condition:
        condition.wait()
    print("goes on")


def main():
    condition = multiprocessing.Condition()
    notified = multiprocessing.Event()
    worker = multiprocessing.Process(target=work, args=(condition, notified))
    worker.start()
    with condition:
        condition.notify()
    notified.set()
    worker.join()


if __name__ == "__main__":
    main()
