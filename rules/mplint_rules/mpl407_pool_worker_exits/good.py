import multiprocessing


def parse(text):
    if not text.isdigit():
        raise ValueError(f"not a number: {text}")
    return int(text)


def main():
    with multiprocessing.Pool(2) as pool:
        try:
            print(sum(pool.map(parse, ["1", "2", "3O"])))
        except ValueError as error:
            print(error)


if __name__ == "__main__":
    main()
