import concurrent.futures


def work(text):
    print(int(text))


def main():
    with concurrent.futures.ProcessPoolExecutor(1) as executor:
        future = executor.submit(work, "seven")
        if future.exception() is not None:
            print("not done:", future.exception())


if __name__ == "__main__":
    main()
