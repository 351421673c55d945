import multiprocessing


def deposit(balance, lock):
    with lock:
        balance.value += 10


def main():
    lock = multiprocessing.Lock()
    balance = multiprocessing.Value("i", 0)
    process = multiprocessing.Process(target=deposit, args=(balance, lock))
    process.start()
    process.join()
    print(balance.value)


if __name__ == "__main__":
    main()
