"""Sentinels that lose what they are known by on the way to another process: through a queue or a
pipe, or as an argument."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.diagnostics import START_METHODS
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.state.globals import Place
from mplint.model.values import (
    Activation,
    ClassRef,
    Container,
    Instance,
    Literal,
    Made,
    Named,
    Site,
    Value,
)

if TYPE_CHECKING:
    from mplint.model.program import Program


class LostIdentity(Struct, frozen=True):
    """A comparison of something that `arrives` from another process with an object that is known
    by its identity. `is_argument` where it comes as one and not through a channel."""

    arrives: tuple[Site, ...]
    sentinel: str
    what: str
    operator: str
    start_methods: tuple[str, ...] = START_METHODS
    is_argument: bool = False


def lost_identity(
    program: Program, test: f.Comparison, activation: Activation
) -> LostIdentity | None:
    """For a comparison with a sentinel: why the copy that arrives is never the same."""
    return _received(program, test, activation) or _passed(program, test, activation)


def _received(program: Program, test: f.Comparison, activation: Activation) -> LostIdentity | None:
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
    return LostIdentity((found.get.site,), shown, what, found.operator)


def _passed(program: Program, test: f.Comparison, activation: Activation) -> LostIdentity | None:
    """The same for an argument of the function that a child begins with."""
    match test.rest:
        case ((("is" | "is not" | "==" | "!=") as operator, right),):
            pass
        case _:
            return None
    edges = program.callers[activation]
    if not edges or any(edge.launch is None for edge in edges):
        return None
    for one, other in ((test.left, right), (right, test.left)):
        value = _only_argument(program, one, activation)
        if value is None or not _is_of_module(program, other, activation, value):
            continue
        what = _by_identity(program, value, exact="is" in operator)
        methods = _not_inherited(program, activation)
        if what is not None and methods:
            arrives = tuple(Site(edge.caller.path, edge.at) for edge in edges)
            return LostIdentity(arrives, describe(other), what, operator, methods, True)
    return None


def _only_argument(program: Program, expression: f.Expr, activation: Activation) -> Value | None:
    """The one object that a parameter can be, and that is no default made by an import."""
    if not isinstance(expression, f.Name):
        return None
    for parameter in activation.scope.parameters:
        if parameter.name == expression.id:
            plain = parameter.kind in ("positional", "keyword") and (
                parameter.default is None or isinstance(parameter.default, f.Constant)
            )
            rebound = expression.id in program.outline(activation).bindings
            values = program.values(expression, activation)
            return next(iter(values)) if plain and not rebound and len(values) == 1 else None
    return None


def _is_of_module(
    program: Program, expression: f.Expr, activation: Activation, value: Value
) -> bool:
    """Whether an expression is a variable of a module, in which every import puts a new object."""
    if not isinstance(expression, f.Name) or program.values(expression, activation) != {value}:
        return False
    cell = program.solver.variable(activation, expression.id)
    owner = cell[0] if cell is not None else None
    if not isinstance(owner, Activation) or owner.scope.kind != "module":
        return False
    site = value.site if isinstance(value, (Made, Instance)) else None
    if site is None:
        return False
    homes = program.activations_at(site)
    is_at_import = program.globals.is_at_import
    return bool(homes) and all(is_at_import(Place(home, site.at)) for home in homes)


def _not_inherited(program: Program, activation: Activation) -> tuple[str, ...]:
    """The start methods under which the arguments of a function are pickled."""
    found: set[str] = set()
    for worker in program.runners(activation):
        if isinstance(worker, str) or worker.how == "run":
            return ()
        methods = program.methods_of(worker.holder)
        is_start = worker.kind.role == "process" or worker.how == "initializer"
        found |= {method for method in methods if method != "fork" or not is_start}
    return tuple(method for method in START_METHODS if method in found)


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
