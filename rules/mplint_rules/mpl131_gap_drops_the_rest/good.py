import multiprocessing


def parse(jobs, results):
    for number, text in iter(jobs.get, None):
        try:
            value = int(text)
        except ValueError as error:
            value = error
        results.put((number, value))


def collect(results):
    done, early, turn = [], {}, 0
    for number, value in iter(results.get, None):
        early[number] = value
        while turn in early:
            value = early.pop(turn)
            if isinstance(value, Exception):
                print(f"item {turn}: {value}")
            else:
                done.append(value)
            turn += 1
    if early:
        raise RuntimeError(f"item {turn} is missing")
    print(done)


def main():
    jobs, results = multiprocessing.Queue(), multiprocessing.Queue()
    collector = multiprocessing.Process(target=collect, args=(results,))
    collector.start()
    workers = [multiprocessing.Process(target=parse, args=(jobs, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for number, text in enumerate(["10", "20", "3O", "40", "50"]):
        jobs.put((number, text))
    for worker in workers:
        jobs.put(None)
    for worker in workers:
        worker.join()
    results.put(None)
    collector.join()


if __name__ == "__main__":
    main()
