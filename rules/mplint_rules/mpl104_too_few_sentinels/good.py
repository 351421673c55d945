import multiprocessing


def work(jobs):
    while True:
        job = jobs.get()
        if job is None:
            break
        print(job)


def main():
    jobs = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=work, args=(jobs,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for job in range(10):
        jobs.put(job)
    for _ in workers:
        jobs.put(None)
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
