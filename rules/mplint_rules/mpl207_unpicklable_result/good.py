import multiprocessing


def squares(count):
    return [number * number for number in range(count)]


def main():
    with multiprocessing.Pool(2) as pool:
        for row in pool.map(squares, [2, 3]):
            print(list(row))


if __name__ == "__main__":
    main()
