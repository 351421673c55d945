import concurrent.futures
import multiprocessing
import threading


class Prices:
    def __init__(self):
        self.lock = threading.Lock()
        self.prices = {"apple": 3}

    def refresh(self, begun, started):
        with self.lock:
            begun.set()
            started.wait()
            self.prices["apple"] += 1


def show(prices):
    print(prices)


def main():
    prices = Prices()
    begun, started = threading.Event(), threading.Event()
    with concurrent.futures.ThreadPoolExecutor() as threads:
        threads.submit(prices.refresh, begun, started)
        begun.wait()
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=show, args=(dict(prices.prices),))
        process.start()
        started.set()
        process.join()


if __name__ == "__main__":
    main()
