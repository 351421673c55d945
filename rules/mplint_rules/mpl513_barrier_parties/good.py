import multiprocessing


def work(number, together):
    print("worker", number, "is ready")
    together.wait()
    print("worker", number, "goes on")


def main():
    together = multiprocessing.Barrier(3)
    workers = [multiprocessing.Process(target=work, args=(n, together)) for n in range(2)]
    for worker in workers:
        worker.start()
    together.wait()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
