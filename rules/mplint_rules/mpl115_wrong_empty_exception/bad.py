import multiprocessing


def main():
    jobs = multiprocessing.Queue()
    try:
        print(jobs.get(timeout=0.2))
    except multiprocessing.Queue.Empty:
        print("no job")


if __name__ == "__main__":
    main()
