import multiprocessing


def work():
    print("working")


def main():
    process = multiprocessing.Process(target=work)
    for _ in range(2):
        process.start()
        process.join()


if __name__ == "__main__":
    main()
