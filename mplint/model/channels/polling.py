"""Loops that ask a queue or a pipe until there is something, and stand before what takes it:

    while results.empty():
        time.sleep(0.1)
    result = results.get()

The get never waits: the loop does, and it may have other ways out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import NORMAL, Machine

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program
    from mplint.model.values import Activation, Value

UNTIL = {"empty": False, "poll": True}
"""What each question is answered when there is something."""


class Polled(Struct, frozen=True):
    """What a loop asks before a get, and whether it may be left though nothing has come: by an
    error or a `return`."""

    question: Operation
    gives_up: bool


class _Asking(Machine[str]):
    """How a loop is left. States: `asking`, and `come` where its test has ended it."""

    def __init__(self, test: f.Expr) -> None:
        self.ends_with = test

    def test(self, state: str, test: f.Expr, activation: Activation, holds: bool) -> str | None:
        return "come" if test is self.ends_with and not holds else state


class Polling:
    """The loops of one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._loops: dict[tuple[Value, Activation], list[tuple[Operation, f.While]]] = {}

    def polled(self, wait: Operation) -> Polled | None:
        """The loop before a get, in its block or one around, that ends only when there is something
        to get, as far as it ends at all; None where there is no such loop."""
        program, activation = self.program, wait.activation
        for question, loop in self._loops_on(wait.receiver, activation):
            if not _is_before(program, loop, wait):
                continue
            if any(
                o.does == "get" and o.activation is activation and loop.at < o.at < wait.at
                for o in program.on[wait.receiver]
            ):
                continue  # what had come is taken
            ends = Flow(program, _Asking(loop.test)).ways_out(loop, activation, "asking")
            if set(ends.get(NORMAL, ())) <= {"come"}:
                return Polled(question, bool(ends.keys() - {NORMAL}))
        return None

    def _loops_on(self, receiver: Value, activation: Activation) -> list[tuple[Operation, f.While]]:
        """The loops of a function that ask an object, each with the question."""
        key = (receiver, activation)
        if key not in self._loops:
            self._loops[key] = [
                (question, loop)
                for question in self.program.on.get(receiver, ())
                if question.activation is activation and question.sure
                if (loop := _loop_of(self.program, question)) is not None
            ]
        return self._loops[key]


def _loop_of(program: Program, question: Operation) -> f.While | None:
    """The loop whose whole test a question is, and that goes on while there is nothing."""
    if question.name not in UNTIL:
        return None
    step = program.outline(question.activation).step_of(question.at)
    if not isinstance(step, f.While):
        return None
    test, ends_with = step.test, False
    if isinstance(test, f.Unary) and test.operator == "not":
        test, ends_with = test.operand, True
    asks = isinstance(test, f.Call) and test.at == question.at
    return step if asks and UNTIL[question.name] is ends_with else None


def _is_before(program: Program, loop: f.While, wait: Operation) -> bool:
    """Whether nobody gets to a wait but through a loop."""
    outline = program.outline(wait.activation)
    block = outline.block_of(loop.at)
    return loop.at < wait.at and any(
        outline.block_of(frame.node.at) == block for frame in outline.around(wait.at)
    )
