import json
import multiprocessing


def work(jobs):
    while True:
        job = jobs.get()
        try:
            print(json.loads(job))
            jobs.task_done()
        except ValueError:
            continue


def main():
    jobs = multiprocessing.JoinableQueue()
    worker = multiprocessing.Process(target=work, args=(jobs,), daemon=True)
    worker.start()
    for job in ["1", "not json", "2"]:
        jobs.put(job)
    jobs.join()


if __name__ == "__main__":
    main()
