import concurrent.futures
import multiprocessing
import threading


class Prices:
    def __init__(self, prices):
        self.lock = threading.Lock()
        self.prices = prices

    def refresh(self, begun, started):
        with self.lock:
            begun.set()
            started.wait()
            self.prices.clear()

    def show(self):
        with self.lock:
            print(self.prices)


def main():
    fruit, bread = Prices({"apple": 3}), Prices({"rye": 2})
    begun, started = threading.Event(), threading.Event()
    with concurrent.futures.ThreadPoolExecutor() as threads:
        threads.submit(fruit.refresh, begun, started)
        begun.wait()
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=print, args=(dict(fruit.prices),))
        process.start()
        started.set()
        process.join()
    bread.show()


if __name__ == "__main__":
    main()
