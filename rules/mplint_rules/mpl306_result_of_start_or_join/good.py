import multiprocessing


def work():
    print("working")


def main():
    worker = multiprocessing.Process(target=work)
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
