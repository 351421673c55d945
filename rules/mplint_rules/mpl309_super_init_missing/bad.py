import multiprocessing


class Worker(multiprocessing.Process):
    def __init__(self, name):
        self.task = name

    def run(self):
        print("working on", self.task)


def main():
    worker = Worker("a")
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
