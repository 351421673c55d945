import multiprocessing
import threading


class Counter:
    def __init__(self):
        self.lock = threading.Lock()

    @staticmethod
    def count(text):
        return len(text)

    def run(self, texts):
        with multiprocessing.Pool(2) as pool:
            return pool.map(self.count, texts)


if __name__ == "__main__":
    print(Counter().run(["a", "bb"]))
