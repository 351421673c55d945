import multiprocessing
import os
import tempfile


def work(number, path):
    with open(path, "w") as report:
        report.write(f"worker {number}\n")


def main():
    with tempfile.TemporaryDirectory() as home:
        path = os.path.join(home, "report.txt")
        workers = [multiprocessing.Process(target=work, args=(n, path)) for n in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        with open(path) as report:
            lines = report.readlines()
    print("expected:", 2)
    print("got:", len(lines))


if __name__ == "__main__":
    main()
