import multiprocessing


def work():
    print("working")


def main():
    for _ in range(2):
        process = multiprocessing.Process(target=work)
        process.start()
        process.join()


if __name__ == "__main__":
    main()
