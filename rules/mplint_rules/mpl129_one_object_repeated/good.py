import multiprocessing


def work(inbox, answers):
    answers.put(inbox.get())


def main():
    answers = multiprocessing.Queue()
    inboxes = [multiprocessing.Queue() for _ in range(2)]
    inboxes[0].put("for the first")
    inboxes[1].put("for the second")
    print("expected: for the second")
    second = multiprocessing.Process(target=work, args=(inboxes[1], answers))
    second.start()
    print("got:", answers.get())
    first = multiprocessing.Process(target=work, args=(inboxes[0], answers))
    first.start()
    answers.get()
    first.join()
    second.join()


if __name__ == "__main__":
    main()
