import multiprocessing


def greet(name):
    print("hello", name)


def main():
    worker = multiprocessing.Process(target=greet, args=("Ada",))
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
