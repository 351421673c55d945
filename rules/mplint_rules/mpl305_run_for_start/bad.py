import multiprocessing


def work(name):
    print("hello from", name)


def main():
    process = multiprocessing.Process(target=work, args=("the child",))
    process.run()
    process.join()


if __name__ == "__main__":
    main()
