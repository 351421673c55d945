import concurrent.futures
import multiprocessing
import threading


class Prices:
    def __init__(self):
        self.lock = threading.Lock()
        self.prices = {"apple": 3}

    def refresh(self, begun, forked):
        with self.lock:
            begun.set()
            forked.wait()
            self.prices["apple"] += 1

    def show(self):
        with self.lock:
            print(self.prices)


def main():
    prices = Prices()
    begun, forked = threading.Event(), threading.Event()
    with concurrent.futures.ThreadPoolExecutor() as threads:
        threads.submit(prices.refresh, begun, forked)
        begun.wait()
        process = multiprocessing.get_context("fork").Process(target=prices.show)
        process.start()
        forked.set()
        process.join()


if __name__ == "__main__":
    main()
