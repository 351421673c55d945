import multiprocessing
import queue


def main():
    jobs = multiprocessing.Queue()
    try:
        print(jobs.get(0.5))
    except queue.Empty:
        print("no job within half a second")


if __name__ == "__main__":
    main()
