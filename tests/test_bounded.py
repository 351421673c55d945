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


@pytest.mark.parametrize(
    ("queue", "rest", "why"),
    [
        ("mp.Queue(3)", "", "nobody takes"),
        ("mp.Queue()", "", None),
        ("mp.Queue(n)", "", None),
        ("mp.Queue(100)", "", None),  # there is room for all
        ("mp.Queue(3)", "toolbox.empty(jobs)", None),
        ("mp.Queue(3)", "jobs.get()", None),
        ("queue.Queue(3)", "", None),
    ],
)
def test_stuck_with_nobody(tmp_path: Path, queue: str, rest: str, why: str | None) -> None:
    program = small(
        tmp_path,
        f"""
        def main(n):
            jobs = {queue}
            for job in range(10):
                jobs.put(job)  # put
            {rest}
        """,
    )
    stuck = program.program.bounded.stuck(program.operation("put"))
    assert (stuck is not None) is (why is not None)
    assert stuck is None or (why is not None and why in stuck.why)


@pytest.mark.parametrize(
    ("worker", "main", "why"),
    [
        ("toolbox.run(jobs.get())", "START\nFILL", "can end by an error"),
        ("print(jobs.get())", "START\nFILL", None),
        ("toolbox.run(jobs.get())", "START\njobs.put(1)  # put", None),  # there is room for one
        ("toolbox.run(jobs.get())", "START\nfor n in it: jobs.put(1, timeout=1)  # put", None),
        ("toolbox.run(jobs.get())", "START\nfor n in it: jobs.put(1)  # put", "by an error"),
        (
            "toolbox.run(jobs.get())",
            "START\nfor n in it:\n    if process.is_alive():\n        jobs.put(n)  # put",
            None,
        ),
        ("print(jobs.get())", "FILL\nSTART", "not started yet"),
        ("answers.put(jobs.get())", "START\nFILL\nfor _ in it: answers.get()", "waits itself"),
        (
            "answers.put(jobs.get())",
            "START\nfor n in it:\n    jobs.put(n)  # put\n    answers.get()",
            None,
        ),
        ("answers.put(jobs.get(), timeout=3)", "START\nFILL\nfor _ in it: answers.get()", None),
    ],
)
def test_stuck(tmp_path: Path, worker: str, main: str, why: str | None) -> None:
    source = f"""
        def work(jobs, answers):
            while True:
                {worker}

        def main(it):
            jobs, answers = mp.Queue(3), mp.Queue(3)
            process = mp.Process(target=work, args=(jobs, answers))
            BODY

        main(toolbox.it)
    """
    main = main.replace("START", "process.start()")
    main = main.replace("FILL", "for n in range(10):\n    jobs.put(n)  # put")
    program = small(tmp_path, put_into(source, main))
    stuck = program.program.bounded.stuck(program.operation("put"))
    assert (stuck is not None) is (why is not None)
    assert stuck is None or (why is not None and why in stuck.why)


def test_the_first_put_that_is_stuck(tmp_path: Path) -> None:
    """One that may be the last has room, and hides none of those behind it."""
    program = small(
        tmp_path,
        """
        def main(n):
            jobs = mp.Queue(3)
            jobs.put(0)  # once
            jobs.put(0, timeout=1)  # for a while
            for job in range(10):
                jobs.put(job)  # many
            for job in range(10):
                jobs.put(job)  # more

        main(3)
        """,
    )
    marks = ("once", "for a while", "many", "more")
    stuck = {mark: program.program.bounded.stuck(program.operation(mark)) for mark in marks}
    assert [mark for mark in marks if stuck[mark]] == ["many"]


HELD = """
    def work(jobs, answers, done):
        for job in iter(jobs.get, None):
            answers.put(toolbox.run(job))
            WORKED

    def collect(answers, done):
        while True:
            print(answers.get(GET))
            COLLECTED

    def tick(done):
        TICKED

    def main(it, stopped):
        jobs, answers, done = mp.Queue(3), mp.Queue(), mp.Value("l")
        mp.Process(target=work, args=(jobs, answers, done)).start()
        mp.Process(target=collect, args=(answers, done)).start()
        mp.Process(target=tick, args=(done,)).start()
        for n, job in enumerate(it):
            BODY
            jobs.put(job)  # put

    main(toolbox.it, toolbox.stopped)
"""

COUNTED = "done.value = done.value + 1"
UNTIL = "while n - done.value > 3:\n    pass"


@pytest.mark.parametrize(
    ("body", "places", "asked"),
    [
        # nothing holds it back: it is the put that waits
        ("pass", {"COLLECTED": COUNTED}, ""),
        ("if n - done.value > 3:\n    pass", {"COLLECTED": COUNTED}, ""),
        ("while n - done.value == 3:\n    pass", {"COLLECTED": COUNTED}, ""),
        ("while n - toolbox.value > 3:\n    pass", {"COLLECTED": COUNTED}, ""),
        # the loop waits for ever: those who count wait, or have ended
        (UNTIL, {"COLLECTED": COUNTED}, "done.value"),
        (UNTIL, {"WORKED": COUNTED}, "done.value"),
        ("while jobs.qsize() >= 3:\n    pass", {}, "jobs.qsize()"),
        # somebody else counts, or may, or there is another way out
        (UNTIL, {"TICKED": COUNTED}, None),
        (UNTIL, {"TICKED": COUNTED, "COLLECTED": COUNTED}, None),
        (UNTIL, {"COLLECTED": COUNTED, "GET": "timeout=1"}, None),
        (UNTIL, {}, None),
        ("while answers.qsize() > 3:\n    pass", {"COLLECTED": COUNTED}, None),
        ("while n - done.value > 3 and not stopped():\n    pass", {"COLLECTED": COUNTED}, None),
        ("while n - done.value > 3:\n    if stopped():\n        return", {"WORKED": COUNTED}, None),
    ],
)
def test_held_back(tmp_path: Path, body: str, places: dict[str, str], asked: str | None) -> None:
    source = HELD
    for place in ("WORKED", "COLLECTED", "TICKED"):
        source = source.replace(place, places.get(place, "pass"))
    source = put_into(source.replace("GET", places.get("GET", "")), body)
    program = small(tmp_path, source)
    stuck = program.program.bounded.stuck(program.operation("put"))
    if stuck is None:
        assert asked is None
    else:
        assert (stuck.held.asked if stuck.held is not None else "") == asked


def test_somebody_else_may_answer(tmp_path: Path) -> None:
    """Then those who count go on."""
    source = HELD.replace("WORKED", "pass").replace("COLLECTED", COUNTED).replace("GET", "")
    source = source.replace("def tick(done):", "def tick(done, answers):").replace(
        "args=(done,)", "args=(done, answers)"
    )
    source = source.replace("TICKED", "answers.put(1)")
    program = small(tmp_path, put_into(source, UNTIL))
    assert program.program.bounded.stuck(program.operation("put")) is None
