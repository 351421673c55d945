import multiprocessing


def square(number):
    return number * number


def main():
    with multiprocessing.Pool(2) as pool:
        squares = pool.map(square, [1, 2, 3])
    print("expected:", [1, 4, 9])
    print("got:", squares)


if __name__ == "__main__":
    main()
