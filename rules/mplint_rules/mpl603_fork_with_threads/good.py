import multiprocessing
import threading

lock = threading.Lock()


def refresh(begun, forked):
    with lock:
        begun.set()
        forked.wait()


def work():
    with lock:
        print("working")


def main():
    begun, forked = threading.Event(), threading.Event()
    process = multiprocessing.Process(target=work)
    process.start()
    thread = threading.Thread(target=refresh, args=(begun, forked))
    thread.start()
    begun.wait()
    forked.set()
    thread.join()
    process.join()


if __name__ == "__main__":
    main()
