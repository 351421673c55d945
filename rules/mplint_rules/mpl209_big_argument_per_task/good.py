import multiprocessing


class Zero:
    pickled = 0

    def __reduce__(self):
        Zero.pickled += 1
        return Zero, ()


def keep(given):
    global table
    table = given


def size(number):
    return len(table) + number


def main():
    table = [Zero()] * 200_000
    with multiprocessing.Pool(1, keep, (table,)) as pool:
        pool.map(size, range(4), chunksize=1)
    print(f"the table is sent {Zero.pickled} times, and inherited where it is not sent")


if __name__ == "__main__":
    main()
