import multiprocessing
import time


def work(number, done):
    if number == 0:
        time.sleep(2)  # the first one takes longer than the last
    with done.get_lock():
        done.value += 1


def main():
    done = multiprocessing.Value("i", 0)
    processes = []
    for number in range(2):
        process = multiprocessing.Process(target=work, args=(number, done))
        process.start()
        processes.append(process)
    for process in processes:
        process.join()
    print("expected: 2")
    print("got:", done.value)


if __name__ == "__main__":
    main()
