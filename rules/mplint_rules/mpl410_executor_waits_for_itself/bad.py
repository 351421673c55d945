import concurrent.futures

executor = None


def count(depth):
    if depth == 0:
        return 1
    return 1 + executor.submit(count, depth - 1).result()


def main():
    global executor
    with concurrent.futures.ProcessPoolExecutor(2) as executor:
        print(executor.submit(count, 2).result())


if __name__ == "__main__":
    main()
