import multiprocessing


def work(jobs):
    print(jobs.get())
    jobs.task_done()


def main():
    jobs = multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(jobs,))
    worker.start()
    jobs.put("job")
    worker.join()


if __name__ == "__main__":
    main()
