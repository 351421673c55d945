import json
import multiprocessing


def load(path):
    global words
    with open(path) as file:
        words = json.load(file)


def look_up(key):
    return words[key]


def main():
    with multiprocessing.Pool(1, load, ("no such file.json",)) as pool:
        print(pool.map(look_up, ["a", "b"], chunksize=1))


if __name__ == "__main__":
    main()
