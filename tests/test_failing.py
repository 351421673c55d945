"""Workers that fail before they have done what others wait for: who waits for them by then."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

CHAIN = """
def take(jobs):
    jobs.get()  # wait

def feed():
    jobs = mp.Queue()
    BODY

def other(jobs):
    mp.Process(target=take, args=(jobs,)).start()

def main():
    mp.Process(target=feed).start()
    PARENT

main()
"""

START = "mp.Process(target=take, args=(jobs,)).start()"


@pytest.mark.parametrize(
    ("body", "starved"),
    [
        (f"{START}\ntoolbox.load()\njobs.put(1)", True),
        (f"toolbox.load()\n{START}\njobs.put(1)", False),
        (f"toolbox.load()\njobs.put(1)\n{START}", False),
        (f"jobs.put(toolbox.load())\n{START}", False),
        (f"if toolbox.load():\n    jobs.put(1)\n{START}\ntoolbox.load()\njobs.put(1)", True),
        (f"try:\n    toolbox.load()\nexcept OSError:\n    pass\n{START}\njobs.put(1)", False),
        (f"for _ in range(3):\n    toolbox.load()\n    {START}\n    jobs.put(1)", False),
        (f"{START}\nfor _ in range(3):\n    toolbox.load()\n    jobs.put(1)", True),
        # somebody else is started, and waits for nothing
        (f"mp.Process(target=print).start()\ntoolbox.load()\njobs.put(1)\n{START}", False),
        ("toolbox.load()\nother(jobs)\njobs.put(1)", False),
        ("other(jobs)\ntoolbox.load()\njobs.put(1)", True),
    ],
)
def test_nobody_waits_before_it_is_started(tmp_path: Path, body: str, starved: bool) -> None:
    program = small(tmp_path, put_into(CHAIN.replace("PARENT", "pass"), body))
    failure = program.program.waiting.starved(program.operation("wait"))
    assert (failure is not None) is starved


def test_somebody_else_may_have_started_them_before(tmp_path: Path) -> None:
    source = """
    jobs = mp.Queue()

    def take():
        jobs.get()  # wait

    def feed():
        toolbox.load()
        START
        jobs.put(1)

    def main():
        mp.Process(target=feed).start()
        PARENT

    main()
    """
    start = "mp.Process(target=take).start()"
    for parent, starved in ((start, True), ("pass", False)):
        folder = tmp_path / parent[:2]
        folder.mkdir()
        program = small(folder, source.replace("PARENT", parent).replace("START", start))
        failure = program.program.waiting.starved(program.operation("wait"))
        assert (failure is not None) is starved


CAUGHT = """
def work(task, jobs, results):
    BODY

jobs, results = mp.Queue(), mp.Queue()
mp.Process(target=work, args=(toolbox.task(), jobs, results)).start()
jobs.put(1)
results.get()  # wait
"""


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("results.put(task.run())  # run", "run"),
        # what handles an error may fail in its turn: who has written it has thought of failures
        (
            "try:\n    task.run()  # run\nexcept Exception:\n    print(task.name())  # name\n"
            "results.put(1)",
            None,
        ),
        (
            "try:\n    task.run()  # run\nexcept Exception:\n    print(task.name())  # name\n"
            "    raise\nresults.put(1)",
            "run",
        ),
        (
            "try:\n    task.run()  # run\nexcept Exception:\n    print(1)\n"
            "results.put(task.name())  # name",
            "name",
        ),
    ],
)
@pytest.mark.parametrize("before", ["", "jobs.get()\n"])
def test_what_ends_a_worker(tmp_path: Path, before: str, body: str, cause: str | None) -> None:
    program = small(tmp_path, put_into(CAUGHT, before + body))
    failure = program.program.waiting.starved(program.operation("wait"))
    assert (failure is not None) is (cause is not None)
    assert failure is None or (cause is not None and program.is_at(failure.at, cause))


@pytest.mark.parametrize(("before", "starved"), [("", True), ("jobs.get()\n", False)])
def test_an_error_that_is_not_told(tmp_path: Path, before: str, starved: bool) -> None:
    body = "try:\n    task.run()\nexcept Exception:\n    print(1)\n    return\nresults.put(1)"
    program = small(tmp_path, put_into(CAUGHT, before + body))
    failure = program.program.waiting.starved(program.operation("wait"))
    assert (failure is not None) is starved
