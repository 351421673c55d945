"""What stands where in a tuple, and so becomes which parameter of a target."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

TARGET = """
    def run(first, jobs, *rest):
        jobs.put(first)  # put

    def main(*more):
        jobs, other = mp.Queue(), mp.Queue()  # made
        BODY
        mp.Process(target=run, args=given).start()

    main(*toolbox.arguments())
"""


@pytest.mark.parametrize(
    ("body", "sure"),
    [
        ("given = (1, jobs)", True),
        ("given = (1, jobs, *more)", True),
        ("given = (1, jobs, other, *more)", True),
        ("given = (1, *more, jobs)", False),
        ("given = (*more, jobs)", False),
        ("given = [1, jobs, *more]\ngiven.insert(0, other)", False),
        ("given = (1,) + (jobs,)", True),
        ("given = (1, jobs) + (other,)", True),
        ("given = [1] + [jobs, other]", True),
        ("given = (1,) + (jobs,) + (2, 3)", True),
        ("given = (1, other)\nfor each in more:\n    given = given + (jobs,)", False),
        ("given = (1,) + (jobs, *more)", False),
        ("given = (other, jobs) * 2", False),
        ("given = (1, jobs)\nif more: given = (1, jobs, *more)", False),
        ("given = (1, jobs, *more)\nif more: given = (1, other, *more)", False),
    ],
)
def test_places(tmp_path: Path, body: str, sure: bool) -> None:
    program = small(tmp_path, put_into(TARGET, body))
    puts = program.operations("put")
    certain = len(puts) == 1 and puts[0].sure and puts[0].receiver in program.made("made")
    assert certain is sure


def test_what_comes_behind(tmp_path: Path) -> None:
    source = """
        def run(first, second, jobs):
            jobs.put(first)  # put

        jobs = mp.Queue()
        given = (1, 2, *[jobs])
        mp.Process(target=run, args=given).start()
    """
    [put] = small(tmp_path, source).operations("put")
    assert put.does == "put"


UNPACKED = """
    def main(*more):
        jobs, other = mp.Queue(), mp.Queue()  # made
        given = (1, jobs, *more, other)
        BODY
        queue.put(1)  # put

    main(*toolbox.arguments())
"""


@pytest.mark.parametrize(
    ("body", "sure"),
    [
        ("queue = given[1]", True),
        ("queue = given[2]", False),
        ("queue = given[-1]", False),
        ("queue = given[toolbox.index()]", False),
        ("_, queue, *_ = given", True),
    ],
)
def test_elements(tmp_path: Path, body: str, sure: bool) -> None:
    puts = small(tmp_path, put_into(UNPACKED, body)).operations("put")
    assert (len(puts) == 1 and puts[0].sure) is sure


SWITCHED = """
    def work(jobs):
        toolbox.prepare()
        jobs.put(1)

    def main(flag):
        jobs = mp.Queue()
        off, on = False, True
        mp.Process(target=work, args=(jobs,)).start()
        BODY

    main(toolbox.flag)
"""


@pytest.mark.parametrize(
    ("body", "off"),
    [
        ("jobs.get()  # get", False),
        ("if off:\n    jobs.get()  # get", True),
        ("if flag:\n    if off:\n        jobs.get()  # get", True),
        ("if on:\n    jobs.get()  # get", False),
        ("if flag:\n    jobs.get()  # get", False),
        ("if flag:\n    pass\nelif off:\n    jobs.get()  # get", True),
        ("if off:\n    pass\nelse:\n    jobs.get()  # get", False),
    ],
)
def test_a_switch_in_the_source(tmp_path: Path, body: str, off: bool) -> None:
    program = small(tmp_path, put_into(SWITCHED, body))
    get = program.operation("get")
    assert program.program.excuses.is_switched_off(get) is off
    assert (program.program.waiting.starved(get) is None) is off
