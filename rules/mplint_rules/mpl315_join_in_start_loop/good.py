import multiprocessing


def work(number, everybody):
    everybody.wait()
    print("both are here, says", number)


def main():
    everybody = multiprocessing.Barrier(2)
    processes = [
        multiprocessing.Process(target=work, args=(number, everybody)) for number in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


if __name__ == "__main__":
    main()
