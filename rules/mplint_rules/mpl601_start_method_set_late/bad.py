import multiprocessing


def work(results):
    results.put("done")


def main():
    results = multiprocessing.Queue()
    multiprocessing.set_start_method("spawn")
    process = multiprocessing.Process(target=work, args=(results,))
    process.start()
    print(results.get())
    process.join()


if __name__ == "__main__":
    main()
