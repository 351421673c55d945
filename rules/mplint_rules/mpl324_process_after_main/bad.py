import atexit
import multiprocessing


def work():
    print("cleaning up")


def clean_up():
    process = multiprocessing.Process(target=work)
    process.start()
    process.join()


if __name__ == "__main__":
    atexit.register(clean_up)
