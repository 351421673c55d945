import multiprocessing
import os
import tempfile


def work(number, folder, together):
    if not os.path.isdir(folder):
        together.wait()  # as it happens: both have looked, neither has made it
        os.mkdir(folder)
    print("worker", number)


def main():
    together = multiprocessing.Barrier(2)
    with tempfile.TemporaryDirectory() as home:
        folder = os.path.join(home, "results")
        workers = [
            multiprocessing.Process(target=work, args=(number, folder, together))
            for number in range(2)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


if __name__ == "__main__":
    main()
