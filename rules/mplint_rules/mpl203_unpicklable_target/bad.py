import multiprocessing


def main():
    name = "Ada"

    def greet():
        print("hello", name)

    worker = multiprocessing.Process(target=greet)
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
