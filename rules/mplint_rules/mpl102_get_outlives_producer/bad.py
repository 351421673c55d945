import json
import multiprocessing


def parse(text, results):
    results.put(json.loads(text))


def main():
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=parse, args=("not json", results))
    process.start()
    print(results.get())
    process.join()


if __name__ == "__main__":
    main()
