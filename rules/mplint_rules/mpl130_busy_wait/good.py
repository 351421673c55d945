import multiprocessing
import time


def work(answers):
    time.sleep(0.5)
    answers.put(42)


def main():
    answers = multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(answers,))
    worker.start()
    before = time.process_time()
    answers.get()
    used = time.process_time() - before
    print("expected:", "the processor is free while this process waits")
    print("got:", describe(used))
    worker.join()


def describe(used):
    if used < 0.005:
        return "the processor is free while this process waits"
    return f"waiting takes {used:.2f} seconds of processor time"


if __name__ == "__main__":
    main()
