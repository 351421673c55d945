import multiprocessing


def work():
    print("cleaning up")


def clean_up():
    process = multiprocessing.Process(target=work)
    process.start()
    process.join()


def main():
    try:
        print("working")
    finally:
        clean_up()


if __name__ == "__main__":
    main()
