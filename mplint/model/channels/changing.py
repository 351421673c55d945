"""What becomes of an object after it was put on a queue, which pickles it later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.values import Container, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

SOONER = frozenset(
    {
        *["add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert"],
        *["pop", "popitem", "popleft", "remove", "reverse", "setdefault", "sort", "update"],
    }
)
"""Methods that change a container."""

QUICK = frozenset({"enumerate", "int", "isinstance", "len", "print", "range", "str", "zip"})
"""Functions that give a background thread no time."""


class Changed(Struct, frozen=True):
    """A container that is changed right after it was put: what it is called, and where."""

    name: str
    at: Site


class _Stop(Exception):
    """The object is another one from here on, or is written out by now."""


class Changing:
    """The questions about changes, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def changed_after(self, put: Operation) -> Changed | None:
        """For a put of a list, dict or set by its name: the change that follows at once, before the
        name is given to another object or anything else takes its time."""
        if put.does != "put" or not put.crosses or "join_thread" not in put.kind.methods:
            return None
        item = put.argument(put.method.parameters[0])
        if not isinstance(item, f.Name) or put.call is None:
            return None
        values = put.values(item)
        if not values or not all(
            isinstance(value, Container) and value.shape in ("list", "dict", "set")
            for value in values
        ):
            return None
        follower = _Follower(self.program, put, item.id)
        with suppress(_Stop):
            follower.follow()
        found = follower.found
        return Changed(item.id, Site(put.activation.path, found)) if found is not None else None


class _Follower:
    """Goes through the steps after a put in the order in which they run, into the next turn of the
    loop around it."""

    def __init__(self, program: Program, put: Operation, name: str) -> None:
        self.program = program
        self.put = put
        self.name = name
        self.found: int | None = None
        self.outline = program.outline(put.activation)

    def follow(self) -> None:
        step = self.outline.step_of(self.put.at)
        if isinstance(step, f.Evaluate):
            self._after(step)

    def _after(self, step: f.Step) -> None:
        outer = self._around(step)
        blocks = f.blocks(outer) if outer is not None else iter((self.outline.scope.body,))
        block = next(block for block in blocks if step in block)
        self._leave(outer, self._block(block[block.index(step) + 1 :]))

    def _around(self, step: f.Step) -> f.Step | None:
        frame = next(self.outline.around(step.at), None)
        return frame.node if frame is not None and not isinstance(frame.node, f.Expr) else None

    def _leave(self, outer: f.Step | None, left: str) -> None:
        """Goes on where a block inside of `outer` ends, by `break` or `continue` or at its end."""
        if outer is None:
            return
        if isinstance(outer, (f.For, f.While)) and left != "break":
            self._turn(outer)
        elif isinstance(outer, (f.For, f.While)) or not left:
            self._after(outer)
        else:
            self._leave(self._around(outer), left)

    def _turn(self, loop: f.For | f.While) -> None:
        """The next turn of a loop, up to the put."""
        if isinstance(loop, f.For):
            self._bound(loop.target)
        else:
            self._expression(loop.test)
        self._block(loop.body)

    def _block(self, block: f.Block) -> str:
        """Goes through a block; tells whether it ends by `break` or `continue`."""
        for step in block:
            for expression in f.expressions(step):
                self._expression(expression)
            match step:
                case f.Leave(kind="return" | "raise"):
                    raise _Stop
                case f.Leave(kind=kind):
                    return kind
                case f.Bind(targets=targets, operator=operator):
                    for target in targets:
                        if operator is not None and self._is_it(target):
                            self._find(target.at)
                        self._stored(target)
                case f.Forget(targets=targets):
                    for target in targets:
                        self._stored(target)
                case f.For() | f.While() | f.With() | f.Try():
                    if isinstance(step, f.For):
                        self._bound(step.target)
                    for inner in f.blocks(step):
                        self._block(inner)
                case f.Branch() | f.Match():
                    self._branches(step)
        return ""

    def _branches(self, step: f.Branch | f.Match) -> None:
        """One of several blocks is run: what all of them do, is certain; a change in any is one."""
        stopped = []
        for inner in f.blocks(step):
            try:
                left = self._block(inner)
            except _Stop:
                if self.found is not None:
                    raise
                left = "stop"
            stopped.append(bool(left))
        if any(stopped):
            raise _Stop  # on some ways it is another object: we do not follow the others

    def _stored(self, target: f.Expr) -> None:
        for leaf in f.leaves(target):
            if isinstance(leaf, f.Subscript) and self._is_it(leaf.value):
                self._find(leaf.at)
        self._bound(target)

    def _bound(self, target: f.Expr) -> None:
        if any(self._is_it(leaf) for leaf in f.leaves(target)):
            raise _Stop

    def _is_it(self, expression: f.Expr) -> bool:
        return isinstance(expression, f.Name) and expression.id == self.name

    def _find(self, at: int) -> None:
        self.found = at
        raise _Stop

    def _expression(self, expression: f.Expr) -> None:
        for call in _calls(expression):
            function = call.function
            if isinstance(function, f.Attribute) and self._is_it(function.value):
                if function.name in SOONER:
                    self._find(call.at)
                continue
            operations = self.program.operations_at.get((self.put.activation, call.at), ())
            if operations and all(o.does == "put" and o is not self.put for o in operations):
                continue
            if isinstance(function, f.Name) and function.id in QUICK:
                continue
            if isinstance(function, f.Attribute) and function.name in SOONER:
                continue
            raise _Stop  # it takes its time, or is the put again


def _calls(expression: f.Expr) -> Iterator[f.Call]:
    for part in f.parts(expression):
        yield from _calls(part)
    if isinstance(expression, f.Call):
        yield expression
