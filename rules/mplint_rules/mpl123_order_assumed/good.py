import multiprocessing


def remember(event):
    global shown
    shown = event


def work(number):
    if number == 1:
        shown.wait()
    return number, number * 10


def main():
    numbers = [1, 2, 3]
    event = multiprocessing.Event()
    pairs = {}
    with multiprocessing.Pool(2, remember, (event,)) as pool:
        for number, result in pool.imap_unordered(work, numbers):
            pairs[number] = result
            event.set()
    print("expected:", {1: 10, 2: 20, 3: 30})
    print("got:", dict(sorted(pairs.items())))


if __name__ == "__main__":
    main()
