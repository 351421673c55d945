import multiprocessing


def square(number):
    return number * number


def main():
    pool = multiprocessing.Pool(2)

    def finish(number):
        pool.close()

    result = pool.apply_async(square, (3,), callback=finish)
    print(result.get())
    pool.join()


if __name__ == "__main__":
    main()
