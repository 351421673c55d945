"""Gives timeouts as if they were the first argument."""

import multiprocessing as mp


def drain(count):
    queue = mp.Queue()
    for number in range(count):
        queue.put(number)
    first = queue.get(5)
    second = queue.get(  # the call takes several lines
        0.5
    )
    return first, second
