import multiprocessing


def load(path, ready):
    with open(path) as source:
        print(len(source.read()))
    ready.set()


def main():
    ready = multiprocessing.Event()
    loader = multiprocessing.Process(target=load, args=("no such file", ready))
    loader.start()
    ready.wait()
    loader.join()


if __name__ == "__main__":
    main()
