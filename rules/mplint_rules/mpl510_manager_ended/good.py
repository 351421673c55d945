import multiprocessing


def square(number, squares):
    squares[number] = number * number


def main():
    with multiprocessing.Manager() as manager:
        squares = manager.dict()
        worker = multiprocessing.Process(target=square, args=(3, squares))
        worker.start()
        worker.join()
        results = dict(squares)
    print(results[3])


if __name__ == "__main__":
    main()
