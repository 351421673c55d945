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
    process = multiprocessing.Process(target=deposit, args=(balance, lock, "ten"))
    process.start()
    process.join()
    deposit(balance, lock, "1")
    print(balance.value)


if __name__ == "__main__":
    main()
