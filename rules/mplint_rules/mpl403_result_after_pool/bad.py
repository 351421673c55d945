import multiprocessing


def prepare(semaphore):
    global gate
    gate = semaphore


def square(number):
    gate.acquire()
    return number * number


def main():
    semaphore = multiprocessing.Semaphore(0)
    with multiprocessing.Pool(1, prepare, (semaphore,)) as pool:
        result = pool.apply_async(square, (3,))
    semaphore.release()
    print(result.get())


if __name__ == "__main__":
    main()
