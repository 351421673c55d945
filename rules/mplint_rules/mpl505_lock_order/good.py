import multiprocessing


def to_savings(cash, savings, barrier):
    barrier.wait()
    with cash:
        with savings:
            print("to savings")


def to_cash(cash, savings, barrier):
    barrier.wait()
    with cash:
        with savings:
            print("to cash")


def main():
    cash, savings = multiprocessing.Lock(), multiprocessing.Lock()
    barrier = multiprocessing.Barrier(2)
    processes = [
        multiprocessing.Process(target=to_savings, args=(cash, savings, barrier)),
        multiprocessing.Process(target=to_cash, args=(cash, savings, barrier)),
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


if __name__ == "__main__":
    main()
