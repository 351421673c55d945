import multiprocessing

squares = []


def square(number):
    squares.append(number * number)


def main():
    with multiprocessing.Pool(2) as pool:
        pool.map(square, [1, 2, 3])
    print("expected:", [1, 4, 9])
    print("got:", sorted(squares))


if __name__ == "__main__":
    main()
