import multiprocessing
import sys


def parse(text):
    if not text.isdigit():
        sys.exit(f"not a number: {text}")
    return int(text)


def main():
    with multiprocessing.Pool(2) as pool:
        print(sum(pool.map(parse, ["1", "2", "3O"])))


if __name__ == "__main__":
    main()
