import multiprocessing


def work(number):
    return number * number


def main():
    pool = multiprocessing.Pool(1)
    try:
        print(pool.map(work, [1]))
        pool.close()
    except BaseException:
        pool.terminate()
        raise
    finally:
        pool.join()


if __name__ == "__main__":
    main()
