import multiprocessing


def work(memory):
    memory[0] = 42


def main():
    memory = multiprocessing.RawArray("B", 16)
    process = multiprocessing.Process(target=work, args=(memory,))
    process.start()
    process.join()
    print("expected:", 42)
    print("got:", memory[0])


if __name__ == "__main__":
    main()
