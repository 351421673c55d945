import multiprocessing


def greet():
    name = input("Your name? ")
    print("Hello,", name)


def main():
    process = multiprocessing.Process(target=greet)
    process.start()
    process.join()


if __name__ == "__main__":
    main()
