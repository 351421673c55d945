import concurrent.futures


def square(number):
    return number * number


def main():
    with concurrent.futures.ProcessPoolExecutor(2) as executor:
        print(list(executor.map(square, range(4))))


if __name__ == "__main__":
    main()
