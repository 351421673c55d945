import atexit
import multiprocessing


def work():
    print("cleaning up")


def clean_up():
    process = multiprocessing.Process(target=work)
    try:
        process.start()
    except RuntimeError:  # Python 3.12 does not fork at this time
        return
    process.join()


if __name__ == "__main__":
    atexit.register(clean_up)
