import concurrent.futures
import multiprocessing


def square(number):
    return number * number


def main():
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(
        2, mp_context=context, max_tasks_per_child=10
    ) as executor:
        print(list(executor.map(square, range(4))))


if __name__ == "__main__":
    main()
