"""Lists that callbacks fill: what a thread of a pool or executor calls with the results of
its tasks, when other processes have done these."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.values import Activation, Bound, Container, FunctionRef, Made, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program


class Callbacks:
    """The questions about them, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def filled(self, expression: f.Expr, activation: Activation) -> Container | None:
        """The list that an expression certainly is, where a callback of a process pool or executor
        fills it."""
        if not self._filled:  # most programs have none
            return None
        values = self.program.values(expression, activation)
        found = [v for v in values if isinstance(v, Container) and v in self._filled]
        return found[0] if len(values) == len(found) == 1 else None

    @cached_property
    def _filled(self) -> set[Value]:
        found: set[Value] = set()
        for operation in self.program.operations:
            for callback in self._given(operation):
                found.update(self._filled_by(callback))
        return found

    def _given(self, operation: Operation) -> Iterator[Value]:
        """What an operation is given to call when a task is done in another process."""
        name, receiver = "callback", operation.receiver
        if operation.name == "add_done_callback" and isinstance(receiver, Made):
            name, receiver = "fn", receiver.of or receiver
        kind = self.program.solver.kind_of(receiver)
        if kind is None or kind.family != "process":
            return
        given = operation.argument(name)
        if given is not None:
            yield from operation.values(given)

    def _filled_by(self, callback: Value) -> Iterator[Value]:
        if isinstance(callback, Bound) and callback.name in _FILLING:
            yield callback.receiver
        if isinstance(callback, FunctionRef):
            for activation in self.program.activations(callback.scope):
                yield from self._filled_in(activation)

    def _filled_in(self, activation: Activation) -> Iterator[Value]:
        for expression in self.program.outline(activation).expressions.values():
            match expression:
                case f.Call(function=f.Attribute(value=owner, name=name)) if name in _FILLING:
                    yield from self.program.values(owner, activation)


_FILLING = frozenset({"append", "appendleft", "extend", "add"})
