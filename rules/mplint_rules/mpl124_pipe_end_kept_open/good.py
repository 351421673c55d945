import multiprocessing


def work(writer):
    for number in range(3):
        writer.send(number)


def main():
    reader, writer = multiprocessing.Pipe(duplex=False)
    worker = multiprocessing.Process(target=work, args=(writer,))
    worker.start()
    writer.close()
    while True:
        try:
            print(reader.recv())
        except EOFError:
            break
    worker.join()


if __name__ == "__main__":
    main()
