import multiprocessing


def work(go, total):
    go.wait()  # it takes longer than expected
    total.value = 42


def main():
    go = multiprocessing.Event()
    total = multiprocessing.Value("i", 0)
    process = multiprocessing.Process(target=work, args=(go, total))
    process.start()
    process.join(timeout=0.1)
    while process.is_alive():
        print("not done yet")
        go.set()
        process.join(timeout=0.1)
    print("expected: 42")
    print("got:", total.value)


if __name__ == "__main__":
    main()
