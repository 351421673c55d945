"""What sort of thing a value certainly is: a number, something that cannot be gone through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.values import (
    Activation,
    ClassRef,
    Container,
    FunctionRef,
    Instance,
    Literal,
    Made,
    Named,
    Value,
)

if TYPE_CHECKING:
    from mplint.model.program import Program


class Sorts:
    """Questions about single values, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def lacks(self, cls: ClassRef, *names: str) -> bool:
        """Whether a class certainly has none of some methods."""
        solver = self.program.solver
        for ancestor in solver.ancestry(cls):
            if isinstance(ancestor, ClassRef):
                if any((ancestor, name) in solver.cells for name in (*names, "__getattr__")):
                    return False
            elif not (isinstance(ancestor, Named) and ancestor.path in _BARE_BASES):
                return False
        return True

    def no_tuple(self, value: Value) -> str | None:
        """What something is that no sane program unpacks, in words."""
        match value:
            case Literal(value=None):
                return "None"
            case Literal(value=str(text)):
                return "a text" if len(text) > 1 else None
            case Literal(value=bytes(text)):
                return "bytes" if len(text) > 1 else None
            case Literal(value=bool() | int() | float() | complex()):
                return "a number"
            case Made(kind=kind) if kind.role in _NOT_ITERABLE:
                return kind.noun
            case Container(shape="dict"):
                return "a dict"
            case FunctionRef():
                return "a function"
            case Instance(cls=cls) if self.lacks(cls, "__iter__", "__getitem__"):
                return f"an object of `{cls.name}`"
        return None

    def is_number(self, expression: f.Expr, activation: Activation) -> bool:
        """Whether an expression is certainly a number: a variable that counts, `len(…)`."""
        if isinstance(expression, f.Call):
            return self.calls(expression, activation, *_NUMBERS)
        if not isinstance(expression, f.Name):
            return False
        name = expression.id
        loops = [
            place
            for target, source in self._loops(activation)
            if (place := _place(target, name)) is not None
            and self._counts(source, activation, place)
        ]
        bindings = self.program.outline(activation).bindings.get(name, ())
        in_comprehension = "@" in name
        return bool(loops) and (in_comprehension or len(bindings) == len(loops))

    def _loops(self, activation: Activation) -> Iterator[tuple[f.Expr, f.Expr]]:
        """The targets and sources of a function's loops and comprehensions."""
        for step in f.steps(activation.scope.body):
            if isinstance(step, f.For):
                yield step.target, step.source
        for expression in self.program.outline(activation).expressions.values():
            if isinstance(expression, f.Comprehension):
                for clause in expression.clauses:
                    yield clause.target, clause.source

    def _counts(self, source: f.Expr, activation: Activation, place: int | None) -> bool:
        """Whether a part of what a loop goes through is a number: the items of `range`, the first
        of each pair of `enumerate`."""
        if not isinstance(source, f.Call):
            return False
        if place == WHOLE:
            return self.calls(source, activation, "range")
        return place == 0 and self.calls(source, activation, "enumerate")

    def calls(self, call: f.Call, activation: Activation, *names: str) -> bool:
        """Whether a call certainly calls one of some functions of libraries."""
        values = self.program.values(call.function, activation)
        return bool(values) and all(isinstance(v, Named) and v.path in names for v in values)


WHOLE = -1


def _place(target: f.Expr, name: str) -> int | None:
    """Which part of a loop's items a name gets: WHOLE for the item itself; None for none."""
    if isinstance(target, f.Name):
        return WHOLE if target.id == name else None
    if isinstance(target, f.Display):
        for index, item in enumerate(target.items):
            if isinstance(item, f.Name) and item.id == name:
                return index
    return None


_BARE_BASES = frozenset({"object", "abc.ABC", "Exception"})

_NOT_ITERABLE = frozenset(
    {"queue", "connection", "lock", "event", "condition", "barrier", "process", "pool", "executor"}
)

_NUMBERS = (
    *("len", "int", "float", "round", "hash", "id", "ord"),
    *("time.time", "time.monotonic", "time.perf_counter", "os.getpid", "os.cpu_count"),
    *("multiprocessing.cpu_count", "random.random", "random.randint", "random.uniform"),
)
