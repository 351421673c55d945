import multiprocessing


def answer():
    return 42


def work(jobs):
    print(jobs.get())


def main():
    jobs = multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(jobs,))
    worker.start()
    jobs.put(answer)
    worker.join()


if __name__ == "__main__":
    main()
