"""Sentinels that lose what they are known by on the way to another process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.counts import describe
from mplint.model.values import (
    Activation,
    ClassRef,
    Container,
    Instance,
    Literal,
    Made,
    Named,
    Value,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program


@dataclass(frozen=True, slots=True)
class LostIdentity:
    """A comparison of something received with an object that is known by its identity."""

    get: Operation
    sentinel: str
    what: str
    operator: str


def lost_identity(
    program: Program, test: f.Comparison, activation: Activation
) -> LostIdentity | None:
    """For a comparison with a sentinel: why the copy that arrives is never the same."""
    found = program.sentinels.test_of(test, activation)
    if found is None or found.operator not in ("is", "is not", "==", "!="):
        return None
    channel = program.waiting.channel_of(found.get)
    if channel is None or not found.get.crosses or len(found.sentinel) != 1:
        return None
    (value,) = found.sentinel
    what = _by_identity(program, value, exact="is" in found.operator)
    if what is None:
        return None
    (_, right) = test.rest[0]
    shown = describe(right)
    if program.sentinels.source(right, activation) is not None:
        shown = describe(test.left)
    return LostIdentity(found.get, shown, what, found.operator)


def _by_identity(program: Program, value: Value, *, exact: bool) -> str | None:
    """What makes a value one of a kind in its process only; `exact` for `is`."""
    match value:
        case Made(kind=kind) if kind.name == "object":
            return "an `object()`"
        case Instance(cls=cls) if not _is_singleton(program, cls, exact=exact):
            return f"an object of `{cls.scope.name}`"
        case Literal(value=str() | bytes() as text) if exact:
            return "a text" if len(text) > 1 else None  # of shorter ones there is only one
        case Literal(value=float()) if exact:
            return "a number"
        case Literal(value=int(number)) if exact and type(number) is int:
            return "a number" if not -5 <= number <= 256 else None
        case Container(shape="tuple") if exact:
            # there is only one empty tuple
            return "a tuple" if program.solver.arity.get(value) else None
        case Container(shape=("list" | "dict" | "set") as shape) if exact:
            return f"a {shape}"
    return None


def _is_singleton(program: Program, cls: ClassRef, *, exact: bool) -> bool:
    """Whether a class keeps one object through pickling, or compares by value."""
    names = ["__reduce__", "__reduce_ex__", "__new__", "__getnewargs__"]
    if not exact:
        names.append("__eq__")
    solver = program.solver
    for ancestor in solver.ancestry(cls):
        if isinstance(ancestor, ClassRef):
            if any((ancestor, name) in solver.cells for name in names):
                return True
            decorations = solver.decorations.get(ancestor.scope, frozenset())
            if decorations and not exact:
                return True  # a dataclass compares by value
        elif not (isinstance(ancestor, Named) and ancestor.path == "object"):
            return True
    return False
