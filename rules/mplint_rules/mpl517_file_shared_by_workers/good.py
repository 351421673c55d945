import multiprocessing
import os
import tempfile


def work(number, home):
    with open(os.path.join(home, f"report-{number}.txt"), "w") as report:
        report.write(f"worker {number}\n")


def main():
    lines = []
    with tempfile.TemporaryDirectory() as home:
        workers = [multiprocessing.Process(target=work, args=(n, home)) for n in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        for name in sorted(os.listdir(home)):
            with open(os.path.join(home, name)) as report:
                lines += report.readlines()
    print("expected:", 2)
    print("got:", len(lines))


if __name__ == "__main__":
    main()
