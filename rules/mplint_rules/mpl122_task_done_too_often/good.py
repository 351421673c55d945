import json
import multiprocessing


def work(jobs):
    for _ in range(2):
        job = jobs.get()
        try:
            print(json.loads(job))
        except ValueError:
            print("not JSON:", job)
        finally:
            jobs.task_done()


def main():
    jobs = multiprocessing.JoinableQueue()
    worker = multiprocessing.Process(target=work, args=(jobs,))
    worker.start()
    for job in ["1", "hello"]:
        jobs.put(job)
    jobs.join()
    worker.join()


if __name__ == "__main__":
    main()
