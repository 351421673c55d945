import multiprocessing
import os


def work(parent, same):
    same.value = os.getpid() == parent


def main():
    same = multiprocessing.Value("b", True)
    worker = multiprocessing.Process(target=work(os.getpid(), same))
    worker.start()
    worker.join()
    print("expected: work runs in another process")
    print("got: work runs in", "the parent" if same.value else "another process")


if __name__ == "__main__":
    main()
