import multiprocessing


def work(condition, ready, notified):
    notified.wait()
    with condition:
        condition.wait_for(lambda: ready.value)
    print("goes on")


def main():
    condition = multiprocessing.Condition()
    ready = multiprocessing.Value("b", False, lock=False)
    notified = multiprocessing.Event()
    worker = multiprocessing.Process(target=work, args=(condition, ready, notified))
    worker.start()
    with condition:
        ready.value = True
        condition.notify()
    notified.set()
    worker.join()


if __name__ == "__main__":
    main()
