import itertools
import multiprocessing
import resource


def is_prime(number):
    return number > 1 and all(number % factor for factor in range(2, number))


def main():
    with multiprocessing.Pool(2) as pool:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))  # so that it ends soon
        for number, prime in enumerate(pool.map(is_prime, itertools.count())):
            if prime and number > 100:
                print(number)
                break


if __name__ == "__main__":
    main()
