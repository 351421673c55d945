"""Loops that put numbered items back into order."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import libcst as cst
import pytest
from samples import COLLECT, MAIN, SEND, gaps
from small import put_into, small


@pytest.mark.parametrize(
    ("body", "found"),
    [
        # the other ways to write the same
        ("early = dict()\nturn = 1\nAS", True),
        ("early: dict = {}\nturn = 0\nAS", True),
        # the counter is something else
        ("early, turn = {}, begin()\nAS", False),
        ("early, turn = {}, 0\nAS\n        turn += 2", False),
        ("early, turn = {}, 0\nAS\n        turn -= 1", False),
        ("turn, early = 0, {}\nAS\nfor turn in range(3):\n    print()", False),
        ("global turn\nearly, turn = {}, 0\nAS", False),
        ("early, turn = {}, None\nAS", False),
        ("early, turn, *rest = {}, 0, 1, 2\nAS", False),
        ("early, turn = {}, 0\nAS\n        turn = 7", False),
        ("early, turn = {}, 0\nAS\n    turn = 7", False),
        # so is the dict
        ("early, turn = {0: None}, 0\nAS", False),
        ("early, turn = open_shelf(), 0\nAS", False),
        ("early, turn = dict(open_shelf()), 0\nAS", False),
        ("early, turn = {}, 0\nfor early in open_shelf():\n    break\nAS", False),
        ("early, turn = {}, 0\nAS\nearly = {}", False),
        # somebody may see what is left, or that the end has not come
        ("early, turn = {}, 0\nAS\nif early:\n    raise ValueError", False),
        ("early, turn = {}, 0\nAS\nreturn early", False),
        ("early, turn = {}, 0\nAS\n        print(len(early))", False),
        ("early, turn = {}, 0\nAS\nprint(sorted(early))", False),
        ("early, turn = {}, 0\nAS\nprint(early.values())", False),
        ("early, turn = {}, 0\nAS\nprint(early.pop(7))", False),
        ("early, turn = {}, 0\nAS\n        print(early.setdefault(turn))", False),
        ("early, turn = {}, 0\nAS\nother = 7\nprint(early.pop(other))", False),
        ("early, turn = {}, 0\nAS\nother = 7\nprint(other in early)", False),
        ("early, turn = {}, 0\nAS\nprint(early[3])", False),
        ("early, turn = {}, 0\nAS\nprint(3 in early)", False),
        ("early, turn = {}, 0\nAS\ndef left():\n    return early", False),
        ("early, turn = {}, 0\nAS\nreturn turn", False),
        ("early, turn = {}, 0\nAS\nassert turn == 7", False),
        ("early, turn = {}, 0\nAS\n        if turn == 7:\n            break", False),
        # who does not
        ("early, turn = {}, 0\nAS\n        if turn % 7 == 0:\n            print()", True),
        ("early, turn = {}, 0\nAS\nwhile turn in early:\n    print(early[turn])", True),
    ],
)
def test_what_collects(tmp_path: Path, body: str, found: bool) -> None:
    loop = """\
for number, value in iter(results.get, None):
    early[number] = value
    while turn in early:  # test
        print(early.pop(turn))
        turn += 1"""
    lines = put_into("def collect(results):\n    BODY\n", body.replace("AS", loop))
    assert bool(gaps(tmp_path, lines)) is found


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ("turn += 1", True),
        ("turn = turn + 1", True),
        ("turn = turn + 2", False),
        ("turn = other + 1", False),
    ],
)
def test_how_the_counter_grows(tmp_path: Path, step: str, found: bool) -> None:
    collect = COLLECT.replace("turn += 1", step).replace("(results)", "(results, other=0)")
    assert bool(gaps(tmp_path, collect)) is found


def test_a_dict_of_the_caller(tmp_path: Path) -> None:
    """Who has it may look at what is left."""
    given = COLLECT.replace("(results)", "(results, early)")
    given = given.replace("early, turn = {}, 0", "turn = 0\n        if open_shelf(): early = {}")
    assert gaps(tmp_path, given) == []


@pytest.mark.parametrize("other", ["def reset():\n    turn = 1\n    return turn", "print(turn)"])
def test_other_variables_of_that_name(tmp_path: Path, other: str) -> None:
    assert gaps(tmp_path, main=f"{other}\n{dedent(MAIN)}")


@pytest.mark.parametrize(
    ("loop", "found"),
    [
        (
            """
            while True:
                item = results.get()
                if item is None:
                    continue
                early[item[0]] = item[1]
            """,
            False,  # it never ends
        ),
        (
            """
            while True:
                item = (results if toolbox.more() else toolbox.results).get()
                if item is None:
                    break
                early[item[0]] = item[1]
            """,
            False,  # that may be another queue
        ),
        (
            """
            for number, value in iter(results.get, None):
                early[number] |= value
            """,
            False,
        ),
        (
            """
            while True:
                item = results.get()
                if item is None:
                    break
                early[item[0]] = item[1]
            """,
            True,
        ),
        (
            """
            while (item := results.get()) is not None:
                number, value = item
                early[number] = value
            """,
            True,
        ),
        (
            """
            while True:
                item = results.get()
                if item is not None:
                    number, value = item
                    early[number] = value
                else:
                    return
            """,
            True,
        ),
        (
            """
            while True:
                number, value = results.get()
                early[number] = value
            """,
            False,  # it never ends
        ),
        (
            """
            while True:
                try:
                    number, value = results.get(timeout=5)
                except queue.Empty:
                    break
                early[number] = value
            """,
            False,  # nobody tells it to end
        ),
        (
            """
            for _ in range(7):
                number, value = results.get()
                early[number] = value
            """,
            False,  # it waits for ever
        ),
        (
            """
            for number, value in iter(results.get, None):
                early[number] = value
                early[-number] = value
            """,
            False,
        ),
        (
            """
            for number, value in iter(results.get, None):
                early[value] = number
            """,
            False,  # that is no number that the worker has taken
        ),
        (
            """
            for value in iter(results.get, None):
                early[len(value)] = value
            """,
            False,
        ),
        (
            """
            for number, value in iter(results.get, None):
                early[number] = value
            print(results.get())
            """,
            False,  # another one takes from the queue as well
        ),
    ],
)
def test_what_is_collected(tmp_path: Path, loop: str, found: bool) -> None:
    template = """
    def collect(results):
        early, turn = {}, 0
        BODY
        while turn in early:  # test
            print(early.pop(turn))
            turn += 1
    """
    # a loop that returns leaves nothing to be tested behind it
    if "return" in loop:
        template = template.replace(
            "BODY", "if turn in early:  # test\n            turn += 1\n        BODY"
        )
        template = template.partition("        while")[0]
    assert bool(gaps(tmp_path, put_into(template, loop))) is found


def test_a_loop_of_the_module(tmp_path: Path) -> None:
    main = MAIN.replace("        collector = mp.Process(target=collect, args=(results,))\n", "")
    main = main.replace("        collector.start()\n", "").replace("        collector.join()\n", "")
    main = main.replace("jobs, results = mp.Queue(), mp.Queue()", "jobs, results = JOBS, RESULTS")
    source = f"JOBS, RESULTS = mp.Queue(), mp.Queue()\n{dedent(SEND)}{dedent(main)}"
    for line in dedent(COLLECT).splitlines()[2:]:
        source += line[4:].replace("results", "RESULTS") + "\n"
    program = small(tmp_path, source)
    [gap] = program.view().lost_numbers(program.node("test", cst.Comparison))
    assert gap.consumer == "this loop"


def test_a_number_that_grows_nowhere(tmp_path: Path) -> None:
    collect = COLLECT.replace("turn += 1", "print(turn)")
    assert gaps(tmp_path, collect) == []


def test_a_loop_that_another_queue_ends(tmp_path: Path) -> None:
    collect = """
    def collect(results):
        early, turn, others = {}, 0, mp.Queue()
        others.put(None)
        while True:
            number, value = results.get()
            early[number] = value
            while turn in early:  # test
                print(early.pop(turn))
                turn += 1
            if others.get() is None:
                break
    """
    assert gaps(tmp_path, collect) == []


def test_each_loop_is_named_once(tmp_path: Path) -> None:
    again = (
        COLLECT.replace("  # test", "") + "    while turn in early:  # test\n            turn += 1"
    )
    assert gaps(tmp_path, again) == []
