import json
import multiprocessing


def load(path):
    global words
    try:
        with open(path) as file:
            words = json.load(file)
    except (OSError, ValueError) as error:
        words = error


def look_up(key):
    if isinstance(words, Exception):
        raise words
    return words[key]


def main():
    with multiprocessing.Pool(1, load, ("no such file.json",)) as pool:
        try:
            print(pool.map(look_up, ["a", "b"], chunksize=1))
        except OSError as error:
            print(error)


if __name__ == "__main__":
    main()
