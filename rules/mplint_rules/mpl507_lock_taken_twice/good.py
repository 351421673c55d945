import multiprocessing


class Account:
    def __init__(self):
        self.lock = multiprocessing.RLock()
        self.balance = multiprocessing.Value("i", 0, lock=False)

    def add(self, amount):
        with self.lock:
            self.balance.value += amount

    def add_all(self, amounts):
        with self.lock:
            for amount in amounts:
                self.add(amount)


def main():
    account = Account()
    process = multiprocessing.Process(target=account.add_all, args=([10, 20],))
    process.start()
    process.join()
    print(account.balance.value)


if __name__ == "__main__":
    main()
