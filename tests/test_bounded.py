"""How often something is put on a queue, and whether that is more than there is room for."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

POOL = """
    def work(jobs, answers):
        for job in iter(jobs.get, None):
            ANSWER(toolbox.run(job))

    class Pool:
        def __init__(self, count):
            self.queues = [mp.Queue(BOUND) for _ in range(count)]
            self.jobs, self.answers = mp.Queue(BOUND), mp.Queue()
            self.workers = [
                mp.Process(target=work, args=(QUEUE, self.answers)) for jobs in self.queues
            ]
            for worker in self.workers:
                worker.start()

        def answer(self):
            return self.answers.get(timeout=1)

        def send(self, items):
            BODY

    def main(n):
        pool = Pool(n)
        USE
"""


def stuck(
    folder: Path, body: str, use: str, *, queue: str, bound: int = 3, answers: bool = False
) -> bool:
    source = POOL.replace("BOUND", str(bound)).replace("QUEUE", queue)
    source = source.replace("ANSWER", "answers.put" if answers else "print")
    source = put_into(source, body).replace("USE", use)
    program = small(folder, source)
    found = {program.program.bounded.stuck(put) is not None for put in program.operations("put")}
    return found == {True}


@pytest.mark.parametrize(
    ("body", "use", "bound", "expected"),
    [
        ("for item in items:\n    self.jobs.put(item)  # put", "pool.send(range(9))", 3, True),
        # one for each of the workers, whoever they are told
        ("for _ in self.workers:\n    self.jobs.put(None)  # put", "pool.send(n)", 3, False),
        ("for _ in range(n):\n    self.jobs.put(None)  # put", "pool.send(n)", 3, False),
        ("for _ in range(7):\n    self.jobs.put(None)  # put", "pool.send(n)", 3, True),
        ("for _ in self.workers:\n    self.jobs.put(1)  # put", "pool.send(n)", 3, False),
        (
            "for _ in self.workers:\n    self.jobs.put(1)  # put",
            "while True:\n            pool.send(n)",
            3,
            True,
        ),
        (
            "for item in items:\n    for _ in self.workers:\n        self.jobs.put(item)  # put",
            "pool.send(n)",
            3,
            True,
        ),
        ("while items:\n    for _ in self.workers:\n        self.jobs.put(1)  # put", "n", 3, True),
        ("for _ in self.queues:\n    self.jobs.put(1)  # put", "pool.send(n)", 3, True),
    ],
)
def test_once_for_each_consumer(
    tmp_path: Path, body: str, use: str, bound: int, expected: bool
) -> None:
    assert stuck(tmp_path, body, use, queue="self.jobs", bound=bound) is expected


MANY = "while True:\n            pool.send(n)"


@pytest.mark.parametrize(
    ("body", "use", "answers", "expected"),
    [
        # each turn puts on another queue
        ("for queue in self.queues:\n    queue.put(1)  # put", "pool.send(n)", False, False),
        ("for i, queue in enumerate(self.queues):\n    queue.put(i)  # put", "n", False, False),
        ("for queue, i in zip(self.queues, items):\n    queue.put(i)  # put", "n", False, False),
        ("for i in range(n):\n    self.queues[i].put(1)  # put", "pool.send(n)", False, False),
        ("for i, x in enumerate(items):\n    self.queues[i].put(x)  # put", "n", False, False),
        # in every round again, and nobody waits for anything
        ("for queue in self.queues:\n    queue.put(1)  # put", MANY, False, True),
        ("for queue in self.queues:\n    queue.put(1)  # put", MANY, True, False),
        # the same queue may come again
        ("for i, x in items:\n    self.queues[i].put(x)  # put", "pool.send(n)", False, True),
        ("for i in items:\n    self.queues[i].put(1)  # put", "pool.send(n)", False, True),
        ("for x, i in enumerate(items):\n    self.queues[i].put(x)  # put", "n", False, True),
        ("for i in range(n):\n    self.queues[i % 2].put(1)  # put", "n", False, True),
        ("for queue in [*self.queues, *self.queues]:\n    queue.put(1)  # put", "n", False, True),
        (
            "while items:\n    for queue in self.queues:\n        queue.put(1)  # put",
            "pool.send(n)",
            True,
            True,
        ),
        # by others, who knows how often
        ("self.queues[items].put(1)  # put", "pool", False, True),
        ("self.queues[items].put(1)  # put", "pool", True, False),
    ],
)
def test_one_for_each_queue(
    tmp_path: Path, body: str, use: str, answers: bool, expected: bool
) -> None:
    assert stuck(tmp_path, body, use, queue="jobs", bound=1, answers=answers) is expected
