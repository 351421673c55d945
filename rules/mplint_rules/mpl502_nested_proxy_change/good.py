import multiprocessing


def invite(guests, name):
    guests["friends"] = [*guests["friends"], name]


def main():
    with multiprocessing.Manager() as manager:
        guests = manager.dict()
        guests["friends"] = []
        process = multiprocessing.Process(target=invite, args=(guests, "Ann"))
        process.start()
        process.join()
        print("expected: ['Ann']")
        print("got:", guests["friends"])


if __name__ == "__main__":
    main()
