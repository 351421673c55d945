import multiprocessing

if __name__ == "__main__":
    pool = multiprocessing.Pool(2)


def square(number):
    return number * number


if __name__ == "__main__":
    print(pool.map(square, range(4)))
    pool.close()
    pool.join()
