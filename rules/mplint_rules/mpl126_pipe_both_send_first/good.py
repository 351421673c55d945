import multiprocessing


def work(connection):
    numbers = connection.recv()
    connection.send([number * number for number in range(1_000_000)])
    print(sum(numbers))


def main():
    connection, other = multiprocessing.Pipe()
    worker = multiprocessing.Process(target=work, args=(other,))
    worker.start()
    connection.send(list(range(1_000_000)))
    squares = connection.recv()
    worker.join()
    print(sum(squares))


if __name__ == "__main__":
    main()
