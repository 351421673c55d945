import multiprocessing


def deposit(balance, lock, amount):
    with lock:
        try:
            balance.value += int(amount)
        except ValueError as error:
            print(error)


def main():
    lock = multiprocessing.Lock()
    balance = multiprocessing.Value("i", 0)
    for amount in ["10", "ten", "1"]:
        process = multiprocessing.Process(target=deposit, args=(balance, lock, amount))
        process.start()
        process.join()
    print(balance.value)


if __name__ == "__main__":
    main()
