import json
import multiprocessing


def parse(text, results):
    answer = None
    try:
        answer = json.loads(text)
    except ValueError as error:
        answer = error
    finally:
        results.put(answer)


def main():
    results = multiprocessing.Queue()
    process = multiprocessing.Process(target=parse, args=("not json", results))
    process.start()
    print(results.get())
    process.join()


if __name__ == "__main__":
    main()
