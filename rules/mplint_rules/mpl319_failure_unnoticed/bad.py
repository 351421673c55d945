import multiprocessing


def work(text):
    print(int(text))


def main():
    process = multiprocessing.Process(target=work, args=("seven",))
    process.start()
    process.join()
    print("all done")


if __name__ == "__main__":
    main()
