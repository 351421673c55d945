"""What has happened by the time that an operation is reached."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from mplint.model.flow import Flow, Machine

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program
    from mplint.model.values import Activation


class Reached(Machine[bool]):
    """Whether an operation is reached before or after one of some others: `seen` holds the answers
    of all paths."""

    def __init__(self, first: Operation, others: Collection[Operation]) -> None:
        self.first = first
        self.others = others
        self.seen: set[bool] = set()

    def operate(self, state: bool, operation: Operation) -> Iterable[bool]:
        if operation is self.first:
            self.seen.add(state)
        return (state or operation in self.others,)

    def unsure(self, state: bool, operation: Operation) -> Iterable[bool]:
        return self.operate(state, operation)


def is_first(
    program: Program, first: Operation, others: Collection[Operation], root: Activation
) -> bool:
    """Whether, in all runs of a function that come so far, an operation is reached before any of
    some others."""
    machine = Reached(first, others)
    Flow(program, machine).ends(root, False)
    return machine.seen == {False}
