import multiprocessing

rate = 1


def convert(amount):
    return amount * rate


def main():
    global rate
    rate = 10
    with multiprocessing.Pool(2) as pool:
        amounts = pool.map(convert, [1, 2, 3])
    print("expected:", [10, 20, 30])
    print("got:", amounts)


if __name__ == "__main__":
    main()
