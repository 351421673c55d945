import multiprocessing


def one(barrier):
    barrier.wait()
    return 1


def visit(counter, barrier):
    number = one(barrier)
    with counter.get_lock():
        counter.value += number


def main():
    counter = multiprocessing.Value("i", 0)
    barrier = multiprocessing.Barrier(2)
    visitors = [
        multiprocessing.Process(target=visit, args=(counter, barrier)) for _ in range(2)
    ]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    print("expected: 2")
    print("got:", counter.value)


if __name__ == "__main__":
    main()
