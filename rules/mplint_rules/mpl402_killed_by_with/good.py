import multiprocessing


def prepare(semaphore, counter):
    global gate, done
    gate, done = semaphore, counter


def work(number):
    gate.acquire()
    with done.get_lock():
        done.value += number


def main():
    semaphore = multiprocessing.Semaphore(0)
    counter = multiprocessing.Value("i", 0)
    with multiprocessing.Pool(1, prepare, (semaphore, counter)) as pool:
        result = pool.apply_async(work, (1,))
        semaphore.release()
        result.get()
    print("expected: 1 done")
    print(f"got: {counter.value} done")


if __name__ == "__main__":
    main()
