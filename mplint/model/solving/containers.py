"""Lists, tuples, dicts, iterators: what they hold, and what their methods hand on.

Elements that are placed by a constant position or key are kept apart; everything else that a
container holds is in one cell. So `a, b = Pipe()` and `queues["in"]` are exact, and `queues[i]` is
any of the queues.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.values import (
    DATA,
    JUST_DATA,
    JUST_UNKNOWN,
    NOTHING,
    UNKNOWN,
    Activation,
    Bound,
    Container,
    FunctionRef,
    Instance,
    Literal,
    Made,
    Site,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.solving.calls import Arguments, CallSite
    from mplint.model.solving.solve import Solver

Key = object
"""A constant position or key; None where it is not known."""


def make(solver: Solver, shape: str, activation: Activation, at: int) -> Container:
    """The container that an expression makes."""
    return solver.intern(Container, shape, Site(activation.path, at), activation.context)


def generator_of(solver: Solver, activation: Activation) -> Container:
    """What a call of a generator function gives back."""
    site = Site(activation.path, activation.scope.at)
    return solver.intern(Container, "generator", site, activation.context)


def key_of(solver: Solver, index: f.Expr, activation: Activation) -> Key | None:
    """The constant behind an index expression."""
    values = solver.evaluate(index, activation)
    if len(values) == 1:
        (value,) = values
        if isinstance(value, Literal) and isinstance(value.value, (str, int)):
            return value.value
    return None


def put(solver: Solver, container: Container, values: Values, key: Key | None = None) -> None:
    """Adds elements to a container, at a known place or anywhere."""
    if not values:
        return
    solver.add((container, "any" if key is None else ("at", key)), values)
    solver.add((container, "all"), values)
    if key is not None:
        solver.keys.setdefault(container, set()).add(key)


def merge(
    solver: Solver, container: Container, other: Value, activation: Activation, at: int
) -> None:
    """`container.update(other)`."""
    if isinstance(other, Container):
        for key in list(solver.keys.get(other, ())):
            put(solver, container, solver.read((other, ("at", key))), key)
        put(solver, container, solver.read((other, "any")))
        solver.add((container, "keys"), solver.read((other, "keys")))
        solver.read((other, "all"))
    else:
        put(solver, container, elements(solver, other, activation, at))


def get_item(
    solver: Solver, owner: Value, key: Key | None, activation: Activation, at: int
) -> Values:
    """`owner[key]`."""
    if isinstance(owner, Container):
        if key is None or owner.shape in ("iterator", "generator", "set"):
            return solver.read((owner, "all"))
        arity = solver.arity.get(owner)
        if isinstance(key, int) and key < 0 and arity is not None:
            key += arity
        if isinstance(key, int) and key < 0:
            return solver.read((owner, "all"))
        anywhere = solver.read((owner, "any"))
        if isinstance(key, int) and key < solver.prefix.get(owner, 0):
            anywhere = NOTHING
        return solver.read((owner, ("at", key))) | anywhere
    if isinstance(owner, Instance):
        return _call_method(solver, owner, "__getitem__", activation, at)
    if isinstance(owner, Made):
        if owner.kind.role == "proxy":
            return solver.read((owner, "item"))
        return JUST_DATA
    if isinstance(owner, Literal) or owner is DATA:
        return JUST_DATA
    return JUST_UNKNOWN


def set_item(
    solver: Solver,
    owner: Value,
    key: Key | None,
    values: Values,
    activation: Activation,
    at: int,
) -> None:
    """`owner[key] = value`."""
    if isinstance(owner, Container):
        put(solver, owner, values, key)
    elif isinstance(owner, Made) and owner.kind.role == "proxy":
        solver.add((owner, "item"), values)
    elif not (isinstance(owner, (Literal, Made)) or owner is DATA):
        for value in values:
            solver.escape(value)


def elements(solver: Solver, value: Value, activation: Activation, at: int) -> Values:
    """What a loop over the value sees."""
    if isinstance(value, Container):
        if value.shape == "dict":
            return solver.read((value, "keys")) | JUST_DATA
        return solver.read((value, "all"))
    if isinstance(value, Instance):
        found: set[Value] = set()
        for iterator in _call_method(solver, value, "__iter__", activation, at):
            if isinstance(iterator, Instance):
                found |= _call_method(solver, iterator, "__next__", activation, at)
            else:
                found |= elements(solver, iterator, activation, at)
        return frozenset(found)
    if isinstance(value, Made):
        if value.kind.role in ("result", "proxy"):
            return solver.read((value, "item")) or (JUST_UNKNOWN if solver.closing else NOTHING)
        return JUST_DATA
    if isinstance(value, Literal) or value is DATA:
        return JUST_DATA
    return JUST_UNKNOWN


def _call_method(
    solver: Solver, instance: Instance, name: str, activation: Activation, at: int
) -> Values:
    from mplint.model.solving import calls, classes

    methods = classes.attribute(solver, instance, name, activation, at)
    site = calls.CallSite(activation, at, None)
    found: set[Value] = set()
    for method in methods:
        if isinstance(method, FunctionRef):
            found |= calls.call(solver, method, site, calls.Arguments())
        else:
            found.add(UNKNOWN)
    return frozenset(found)


MAX_PLACES = 50
"""Elements of a sum that are told apart: arguments, not data."""


def combine(
    solver: Solver, expression: f.Binary, operands: list[Values], activation: Activation
) -> Values:
    """Arithmetic: `a + b` and `xs * n` of containers hold what their operands held."""
    containers = [value for values in operands for value in values if isinstance(value, Container)]
    if not containers:
        return JUST_DATA
    made = make(solver, containers[0].shape, activation, expression.at)
    index: int | None = 0
    for values in operands:
        index = _append_all(solver, made, values, index)
    if index is not None:
        solver.arity[made] = index
    return frozenset({made})


def _append_all(solver: Solver, made: Container, values: Values, index: int | None) -> int | None:
    """Adds what an operand holds, one by one as long as the places are known; the next place."""
    parts = [value for value in values if isinstance(value, Container)]
    length = None
    if len(parts) == len(values) == 1:
        length = solver.arity.get(parts[0]) if not solver.read((parts[0], "any")) else None
    if index is None or length is None or index + length > MAX_PLACES:
        for part in parts:
            put(solver, made, solver.read((part, "all")))
        return None
    for place in range(length):
        put(solver, made, solver.read((parts[0], ("at", place))), index + place)
    return index + length


def extend_in_place(
    solver: Solver, owners: Values, values: Values, activation: Activation, at: int
) -> None:
    """`owner += values`."""
    for owner in owners:
        note_change(solver, owner, activation, at)
        if isinstance(owner, Container):
            put(solver, owner, solver.iterate(values, activation, at))
        elif owner is UNKNOWN:
            for value in values:
                solver.escape(value)


CHANGES = frozenset(
    ["append", "appendleft", "clear", "extend", "extendleft", "insert", "pop", "popleft", "remove"]
)
"""Methods that change the length of a list."""


def note_change(solver: Solver, container: Value, activation: Activation, at: int) -> None:
    """Writes down that something may change the length of a container."""
    if solver.record is not None and isinstance(container, Container):
        changes = solver.record.changes.setdefault(container, set())
        changes.add(Site(activation.path, at))


def call_method(solver: Solver, bound: Bound, site: CallSite, arguments: Arguments) -> Values:
    """A method of a list, tuple, dict, set, deque or iterator."""
    container, name = bound.receiver, bound.name
    assert isinstance(container, Container)
    if name in CHANGES:
        note_change(solver, container, site.activation, site.at)
    first = arguments.positional[0] if arguments.positional else NOTHING
    last = arguments.positional[-1] if arguments.positional else NOTHING
    activation, at = site.activation, site.at
    match name:
        case "append" | "add" | "appendleft" | "insert":
            put(solver, container, last)
        case "extend" | "extendleft":
            put(solver, container, solver.iterate(first, activation, at))
        case "update":
            for value in first:
                merge(solver, container, value, activation, at)
            for keyword, values in arguments.keywords.items():
                put(solver, container, values, keyword)
        case "pop" | "popleft" | "__getitem__" | "__next__":
            return solver.read((container, "all")) | last
        case "get" | "setdefault":
            if name == "setdefault":
                put(solver, container, last)
            default = last if len(arguments.positional) > 1 else NOTHING
            key = _constant(first)
            return get_item(solver, container, key, activation, at) | default
        case "popitem" | "items":
            pair = make(solver, "tuple", activation, at)
            put(solver, pair, solver.read((container, "keys")) | JUST_DATA, 0)
            put(solver, pair, solver.read((container, "all")), 1)
            solver.arity[pair] = 2
            if name == "popitem":
                return frozenset({pair})
            pairs = make(solver, "dict_items", activation, at)
            put(solver, pairs, frozenset({pair}))
            return frozenset({pairs})
        case "values" | "copy" | "union" | "__iter__":
            copied = make(solver, _COPIES[name], activation, at)
            put(solver, copied, solver.read((container, "all")))
            return frozenset({copied})
        case "keys":
            keys = make(solver, "dict_keys", activation, at)
            put(solver, keys, solver.read((container, "keys")) | JUST_DATA)
            return frozenset({keys})
    return JUST_DATA


_COPIES = {"values": "dict_values", "copy": "list", "union": "set", "__iter__": "iterator"}


def _constant(values: Values) -> Key | None:
    if len(values) == 1:
        (value,) = values
        if isinstance(value, Literal) and isinstance(value.value, (str, int)):
            return value.value
    return None


def hold(
    solver: Solver, shape: str, activation: Activation, at: int, elements_: Iterable[Values]
) -> Values:
    """A new container that holds the given elements, each anywhere."""
    made = make(solver, shape, activation, at)
    for values in elements_:
        put(solver, made, values)
    return frozenset({made})


def columns(solver: Solver, rows: Values, activation: Activation, at: int) -> Container | None:
    """What `zip(*rows)` gives where it is known how long the rows are: all that is in their first
    places, all that is in their second ones, and so on, as far as the shortest goes.
    `parents, children = zip(*[Pipe() for _ in range(n)])`."""
    known = [
        solver.arity[row]
        for row in rows
        if isinstance(row, Container) and row in solver.arity and not solver.read((row, "any"))
    ]
    if len(known) < len(rows):
        return None
    place = Site(activation.path, at)
    made = solver.intern(Container, "tuple", place, (place, *activation.context))
    for index in range(min(known)):
        own = (place, Site(activation.path, -1 - index), *activation.context)
        column = solver.intern(Container, "tuple", place, own)
        for row in rows:
            put(solver, column, get_item(solver, row, index, activation, at))
        put(solver, made, frozenset({column}), index)
    solver.arity[made] = min(known)
    return made


def copied(
    solver: Solver, shape: str, activation: Activation, at: int, originals: Values, held: Values
) -> Values:
    """`list(originals)` or `tuple(originals)`, which hold what is `held`: in the same places where
    the original is one tuple."""
    made = make(solver, shape, activation, at)
    tuples = [v for v in originals if isinstance(v, Container) and v.shape == "tuple"]
    if len(tuples) == len(originals) == 1 and tuples[0] in solver.arity:
        for key in list(solver.keys.get(tuples[0], ())):
            put(solver, made, solver.read((tuples[0], ("at", key))), key)
        put(solver, made, solver.read((tuples[0], "any")))
        solver.arity[made] = solver.arity[tuples[0]]
    else:
        put(solver, made, held)
    return frozenset({made})
