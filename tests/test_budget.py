"""A file that takes too long is given up, and the others are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import HANG

from mplint import budget
from mplint.config import Configuration, Settings
from mplint.engine import Engine
from mplint.model.link import link
from mplint.registry import load
from mplint.rule import RuleVisitor

Write = Callable[..., Path]


class Clock:
    """Stands for the time that the process has worked."""

    now = 0.0

    def process_time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("mplint.budget.time", clock)
    monkeypatch.setattr("mplint.budget.CALLS_PER_LOOK", 1)
    return clock


def found(*paths: str) -> list[tuple[str, str]]:
    engine = Engine(load(), Configuration(Settings(select=("MPL114",))))
    return [(item.path, item.code) for item in engine.check(engine.discover(paths)).diagnostics]


def test_a_file_that_takes_too_long(
    write: Write, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = load().rules["MPL114"].visitor
    linked: list[object] = []

    ((question, original),) = visitor.answers

    def slow(self: RuleVisitor, node: object, operation: object) -> None:
        if self.model.path.name == "b.py":
            while True:
                clock.now += 1
                budget.spend()
        original(self, node, operation)

    def counted(*arguments: object) -> object:
        linked.append(arguments)
        return link(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(visitor, "answers", ((question, slow),))
    monkeypatch.setattr("mplint.model.link.link", counted)
    write("a.py", f"import b\n{HANG}")
    write("b.py")
    write("c.py", f"import b\n{HANG}")
    assert found("a.py", "b.py", "c.py") == [
        ("a.py", "MPL114"),
        ("b.py", "MPL002"),
        ("c.py", "MPL114"),
    ]
    assert len(linked) == 2  # what was asked half-way is not asked again


def test_a_program_that_takes_too_long(write: Write, clock: Clock) -> None:
    write("a.py", f"import b\n{HANG}")
    write("b.py")
    write("c.py")
    clock.process_time = lambda: setattr(clock, "now", clock.now + 30) or clock.now  # type: ignore
    assert {code for _, code in found("a.py", "b.py", "c.py")} == {"MPL002"}


def test_the_time_of_one_file_is_not_that_of_the_next(clock: Clock) -> None:
    for _ in range(3):
        with budget.limited():
            clock.now += budget.SECONDS
            budget.spend()
    clock.now += 10 * budget.SECONDS
    budget.spend()  # outside of a file, nothing is limited


def test_more_files_have_more_time(clock: Clock) -> None:
    with budget.limited(2):
        clock.now += 2 * budget.SECONDS
        budget.spend()
        clock.now += 1
        with pytest.raises(budget.Exhausted, match="20 s of work"):
            budget.spend()


def test_the_clock_is_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[None] = []

    class Counting(Clock):
        def process_time(self) -> float:
            looks.append(None)
            return 0.0

    monkeypatch.setattr("mplint.budget.time", Counting())
    for _ in range(10 * budget.CALLS_PER_LOOK):
        budget.spend()
    assert len(looks) == 10
