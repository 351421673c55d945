import multiprocessing


def work(jobs):
    print(jobs.get())
    jobs.task_done()


def main():
    jobs = multiprocessing.JoinableQueue()
    worker = multiprocessing.Process(target=work, args=(jobs,))
    worker.start()
    jobs.put("job")
    jobs.join()
    worker.join()


if __name__ == "__main__":
    main()
