import itertools
import multiprocessing


def is_prime(number):
    return number > 1 and all(number % factor for factor in range(2, number))


def main():
    with multiprocessing.Pool(2) as pool:
        for number, prime in enumerate(pool.map(is_prime, itertools.islice(itertools.count(), 200))):
            if prime and number > 100:
                print(number)
                break


if __name__ == "__main__":
    main()
