import multiprocessing


def square(number):
    return number * number


def main():
    with multiprocessing.Pool(2) as pool:
        print(pool.map(square, range(4)))
    print(pool.map(square, range(4, 8)))


if __name__ == "__main__":
    main()
