import multiprocessing
import time


def prepare(counts):
    global running, most
    running, most = counts


def work(number):
    with running.get_lock():
        running.value += 1
        most.value = max(most.value, running.value)
    time.sleep(0.1)
    with running.get_lock():
        running.value -= 1


def main():
    counts = (multiprocessing.Value("i", 0), multiprocessing.Value("i", 0))
    with multiprocessing.Pool(2, prepare, (counts,)) as pool:
        results = []
        for number in range(4):
            results.append(pool.apply_async(work, (number,)))
        for result in results:
            result.get()
    print(f"{counts[1].value} tasks at a time, of 2 if both processes began in time")


if __name__ == "__main__":
    main()
