import multiprocessing


def work(jobs):
    while True:
        job = jobs.get()
        if job is None:
            break
        print(job)


def main():
    jobs = multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(jobs,))
    worker.start()
    for job in range(10):
        jobs.put(job)
    jobs.put(None)
    worker.join()


if __name__ == "__main__":
    main()
