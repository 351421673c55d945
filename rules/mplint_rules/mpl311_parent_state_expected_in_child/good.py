import multiprocessing

rate = 1


def setup(new_rate):
    global rate
    rate = new_rate


def convert(amount):
    return amount * rate


def main():
    with multiprocessing.Pool(2, initializer=setup, initargs=(10,)) as pool:
        amounts = pool.map(convert, [1, 2, 3])
    print("expected:", [10, 20, 30])
    print("got:", amounts)


if __name__ == "__main__":
    main()
