import multiprocessing
import threading


class Counter:
    def __init__(self):
        self.lock = threading.Lock()

    def count(self, text):
        return len(text)

    def run(self, texts):
        with multiprocessing.Pool(2) as pool:
            return pool.map(self.count, texts)


if __name__ == "__main__":
    print(Counter().run(["a", "bb"]))
