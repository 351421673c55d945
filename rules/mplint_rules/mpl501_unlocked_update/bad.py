import multiprocessing


def one(barrier):
    barrier.wait()  # two processes have read the counter, and neither has written it
    return 1


def visit(counter, barrier):
    counter.value += one(barrier)


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
