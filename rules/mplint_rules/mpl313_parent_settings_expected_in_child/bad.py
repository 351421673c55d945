import logging
import multiprocessing
import pathlib
import tempfile


def work(number):
    logging.info("working on %s", number)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "program.log")
        logging.basicConfig(filename=path, level=logging.INFO)
        process = multiprocessing.Process(target=work, args=(1,))
        process.start()
        process.join()
        print("expected:", "INFO:root:working on 1")
        print("got:", path.read_text().strip())
        logging.shutdown()


if __name__ == "__main__":
    main()
