"""Waits that come only after a look that found something: `if not q.empty()`, `if conn.poll(1)`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.outline import Around
from mplint.model.values import Activation, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

Looked = dict[int, int]
"""By what is looked in, a test or what is around it: the number of the first look there."""


class Guards:
    """The looks of one program. Each branch and loop is asked once for an object: it can have
    thousands of tests, and as many waits inside."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._looked: dict[Value, dict[Activation, Looked]] = {}
        self._first: dict[tuple[Value, Activation, f.Step | f.Expr], float] = {}

    def is_guarded(self, wait: Operation) -> bool:
        """Whether a wait is made only after a look, here or around the calls of its function."""
        if self._looks_first(wait.activation, wait.at, wait.receiver):
            return True
        callers = [e for e in self.program.callers[wait.activation] if e.launch is None]
        return bool(callers) and all(
            self._looks_first(edge.caller, edge.at, wait.receiver) for edge in callers
        )

    def _looks_first(self, activation: Activation, at: int, receiver: Value) -> bool:
        looked = self._looks(receiver).get(activation)
        if looked is None:
            return False
        for frame in self.program.outline(activation).around(at):
            key = (receiver, activation, frame.node)
            first = self._first.get(key)
            if first is None:
                tests = _tests(frame.node)
                first = min((looked.get(test, math.inf) for test in tests), default=math.inf)
                self._first[key] = first
            if first < at and _decides(frame):
                return True
        return False

    def _looks(self, receiver: Value) -> dict[Activation, Looked]:
        """The looks at an object, by function."""
        found = self._looked.get(receiver)
        if found is None:
            found = self._looked[receiver] = {}
            for operation in self.program.on.get(receiver, ()):
                if operation.does in ("look", "poll"):
                    looked = found.setdefault(operation.activation, {})
                    around = self.program.outline(operation.activation).around(operation.at)
                    for at in (operation.at, *(frame.node.at for frame in around)):
                        looked[at] = min(operation.at, looked.get(at, operation.at))
        return found


def _decides(frame: Around) -> bool:
    """Whether what is in this part of something depends on its tests."""
    match frame.node:
        case f.Branch():
            return frame.part in ("body", "otherwise")
        case f.While():
            return frame.part == "body"
    return True


def _tests(node: f.Step | f.Expr) -> list[int]:
    """What decides whether the parts of something are reached. Tests that come after a part have
    no looks before it, and do no harm."""
    match node:
        case f.Branch(arms=arms):
            return [test.at for test, _ in arms]
        case f.While(test=test, body=body):
            # `if q.empty(): continue` before it in the same loop
            leaving = [
                test.at
                for step in body
                if isinstance(step, f.Branch)
                for test, then in step.arms
                if then and isinstance(then[-1], f.Leave)
            ]
            return [test.at, *leaving]
        case f.Conditional(test=test):
            return [test.at]
        case f.Boolean():
            return [node.at]
    return []
