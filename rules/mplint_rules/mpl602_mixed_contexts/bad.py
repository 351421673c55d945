import multiprocessing


def work(results):
    results.put("done")


def main():
    results = multiprocessing.get_context("fork").Queue()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=work, args=(results,))
    process.start()
    print(results.get())
    process.join()


if __name__ == "__main__":
    main()
