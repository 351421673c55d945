import multiprocessing

STOP = object()


def work(jobs):
    while True:
        job = jobs.get()
        if job is STOP:
            break
        print(job)


def main():
    jobs = multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(jobs,))
    worker.start()
    jobs.put(1)
    jobs.put(STOP)
    worker.join()


if __name__ == "__main__":
    main()
