import mmap
import multiprocessing

memory = mmap.mmap(-1, 16)


def work():
    memory[0] = 42


def main():
    process = multiprocessing.Process(target=work)
    process.start()
    process.join()
    print("expected:", 42)
    print("got:", memory[0])


if __name__ == "__main__":
    main()
