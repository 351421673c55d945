import json
import multiprocessing


def consume(jobs):
    while True:
        job = jobs.get()
        if job is None:
            break
        try:
            print(json.loads(job))
        except ValueError as error:
            print(error)


def main():
    jobs = multiprocessing.Queue(maxsize=2)
    process = multiprocessing.Process(target=consume, args=(jobs,))
    process.start()
    for job in ["not json", "1", "2", "3", "4"]:
        jobs.put(job)
    jobs.put(None)
    process.join()


if __name__ == "__main__":
    main()
