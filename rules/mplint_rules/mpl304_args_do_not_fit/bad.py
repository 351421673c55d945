import multiprocessing


def area(width, height):
    print(width * height)


def main():
    worker = multiprocessing.Process(target=area, args=(3,))
    worker.start()
    worker.join()


if __name__ == "__main__":
    main()
