import multiprocessing
import time


def work(jobs):
    while True:
        job = jobs.get(timeout=0.1)
        if job is None:
            break
        print(job)


def main():
    jobs = multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(jobs,))
    worker.start()
    jobs.put("first")
    time.sleep(1)
    jobs.put("second")
    jobs.put(None)
    worker.join()


if __name__ == "__main__":
    main()
