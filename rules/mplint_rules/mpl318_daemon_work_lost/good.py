import multiprocessing
import time


def work():
    time.sleep(1)
    print("got: all done")


def main():
    print("expected: all done")
    print("got: nothing", flush=True)
    process = multiprocessing.Process(target=work, daemon=True)
    process.start()
    process.join()


if __name__ == "__main__":
    main()
