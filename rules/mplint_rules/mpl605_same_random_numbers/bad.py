import multiprocessing
import random

generator = random.Random()


def draw(numbers, index):
    numbers[index] = generator.random()


def main():
    numbers = multiprocessing.Array("d", 3)
    processes = [multiprocessing.Process(target=draw, args=(numbers, n)) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print("expected:", 3, "different numbers")
    print("got:", len(set(numbers)), "different numbers")


if __name__ == "__main__":
    main()
