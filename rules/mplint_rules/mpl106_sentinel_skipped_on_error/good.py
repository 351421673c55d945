import multiprocessing


def work(jobs, results):
    while True:
        job = jobs.get()
        if job is None:
            break
        results.put(job * 2)


def main():
    jobs, results = multiprocessing.Queue(), multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(jobs, results))
    worker.start()
    try:
        for text in ["1", "2", "three"]:
            jobs.put(int(text))
            print(results.get())
    except ValueError as error:
        print(error)
    finally:
        jobs.put(None)
        worker.join()


if __name__ == "__main__":
    main()
