import multiprocessing
import time


def work(jobs, ready):
    ready.set()
    while True:
        job = jobs.get()
        if job is None:
            break
        print(job)


def main():
    jobs = multiprocessing.Queue()
    ready = multiprocessing.Event()
    first = multiprocessing.Process(target=work, args=(jobs, ready))
    first.start()
    ready.wait()
    time.sleep(0.5)  # now it waits in get()
    jobs.put(None)
    first.join()
    second = multiprocessing.Process(target=work, args=(jobs, ready))
    second.start()
    jobs.put("a job")
    jobs.put(None)
    second.join()


if __name__ == "__main__":
    main()
