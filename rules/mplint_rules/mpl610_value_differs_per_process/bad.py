import multiprocessing


def bucket(name: str):
    return hash(name) % 1_000_000


def main():
    with multiprocessing.Pool(1) as pool:
        there = pool.apply(bucket, ("apples",))
    print("expected:", "the same bucket")
    print("got:", "the same bucket" if there == bucket("apples") else "another bucket")


if __name__ == "__main__":
    main()
