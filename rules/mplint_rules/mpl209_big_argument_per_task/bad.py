import functools
import multiprocessing


class Zero:
    pickled = 0

    def __reduce__(self):
        Zero.pickled += 1
        return Zero, ()


def size(table, number):
    return len(table) + number


def main():
    table = [Zero()] * 200_000
    with multiprocessing.Pool(1) as pool:
        pool.map(functools.partial(size, table), range(4), chunksize=1)
    print("expected: the table is sent 1 time, to 1 process")
    print(f"got: the table is sent {Zero.pickled} times, to 1 process")


if __name__ == "__main__":
    main()
