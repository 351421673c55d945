import concurrent.futures
import multiprocessing
import threading


class Prices:
    def __init__(self, prices):
        self.lock = threading.Lock()
        self.prices = prices

    def refresh(self, begun, forked):
        with self.lock:
            begun.set()
            forked.wait()
            self.prices.clear()

    def show(self):
        with self.lock:
            print(self.prices)


def main():
    fruit, bread = Prices({"apple": 3}), Prices({"rye": 2})
    begun, forked = threading.Event(), threading.Event()
    with concurrent.futures.ThreadPoolExecutor() as threads:
        threads.submit(fruit.refresh, begun, forked)
        begun.wait()
        process = multiprocessing.get_context("fork").Process(target=fruit.show)
        process.start()
        forked.set()
        process.join()
    bread.show()


if __name__ == "__main__":
    main()
