import multiprocessing


def step(number):
    print("step", number)


def work():
    child = multiprocessing.Process(target=step, args=(1,))
    child.start()
    child.join()


def main():
    worker = multiprocessing.Process(target=work, daemon=True)
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
