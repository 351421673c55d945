"""The work, without a word about who does it where."""


def produce(queue, paths):
    for path in paths:
        with open(path) as stream:
            queue.put(stream.read())
    queue.put(None)
