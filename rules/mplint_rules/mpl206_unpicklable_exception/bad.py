import multiprocessing


class JobError(Exception):
    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code


def work(number):
    raise JobError(number, "no such job")


def main():
    with multiprocessing.Pool(1) as pool:
        try:
            pool.map(work, [404])
        except JobError as error:
            print(error.code)


if __name__ == "__main__":
    main()
