import multiprocessing


def work(total):
    total.value = 42


def main():
    total = multiprocessing.Value("i", 0)
    process = multiprocessing.Process(target=work, args=(total,))
    process.daemon = False
    print("expected: 42")
    print("got:", total.value)


if __name__ == "__main__":
    main()
