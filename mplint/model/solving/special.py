"""Functions of Python and of libraries whose results are known: `zip`, `partial`, `getattr` …"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mplint import catalog
from mplint.catalog import joblib, python, things
from mplint.catalog import multiprocessing as mp
from mplint.model.solving import calls, classes, containers, libraries
from mplint.model.values import (
    JUST_DATA,
    JUST_UNKNOWN,
    NOTHING,
    ClassRef,
    Container,
    Instance,
    Literal,
    Made,
    Named,
    Site,
    Super,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.solving.calls import Arguments, CallSite
    from mplint.model.solving.solve import Solver


def find(path: str) -> Callable[[Solver, CallSite, Arguments], Values] | None:
    if path in _SPECIAL:
        return _SPECIAL[path]
    found = catalog.library(path)
    if found is not None and found[1] == "get_context":
        return _get_context
    if path in joblib.DELAYED:
        return libraries.delayed
    if path in python.ELEMENT_PRESERVING:
        return _same_elements
    return None


def _get_context(solver: Solver, site: CallSite, given: Arguments) -> Values:
    function = site.expression
    root = "multiprocessing"
    if function is not None:
        for value in solver.evaluate(function.function, site.activation):
            found = catalog.library(value.path) if isinstance(value, Named) else None
            if found is not None:
                root = found[0].root
    library = catalog.library(root)
    made = solver.intern(
        Made,
        mp.CONTEXT,
        library[0] if library else None,
        Site(site.activation.path, site.at),
        site.activation.context,
        0,
        None,
        False,
    )
    solver.add(
        (made, "method"), given.get(0, "method") or frozenset({solver.intern(Literal, None)})
    )
    return frozenset({made})


def _same_elements(solver: Solver, site: CallSite, given: Arguments) -> Values:
    activation, at = site.activation, site.at
    function = site.expression.function if site.expression is not None else None
    named = solver.evaluate(function, activation) if function is not None else NOTHING
    path = next((value.path for value in named if isinstance(value, Named)), "list")
    values = list(given.positional)
    if path == "iter" and len(values) == 2:  # iter(callable, sentinel)
        items: set[Value] = set()
        for value in values[0]:
            items |= calls.call(solver, value, site, calls.Arguments())
        return containers.hold(solver, "iterator", activation, at, [frozenset(items)])
    if path == "filter":
        values = values[1:]
    elif not path.startswith("itertools.chain"):
        values = values[:1]
    shape = {"list": "list", "tuple": "tuple", "set": "set", "sorted": "list"}.get(path, "iterator")
    if path == "itertools.chain.from_iterable":
        values = [solver.iterate(inner, activation, at) for inner in values]
    held = [solver.iterate(inner, activation, at) for inner in values]
    if path == "iter" and len(values) == 1:
        own = _own_iterators(solver, values[0], site)
        if own is not None:
            return own
    if path in ("iter", "tqdm.tqdm", "tqdm"):
        kept = [v for inner in values for v in inner if isinstance(v, Made)]
        if kept:
            # a progress bar gives the same items, and is an object of its own
            return frozenset(kept) | (NOTHING if path == "iter" else JUST_UNKNOWN)
    if path.startswith("itertools.chain") and given.rest:
        held.append(solver.iterate(given.rest, activation, at))
    if path in ("list", "tuple") and values:
        return containers.copied(solver, shape, activation, at, values[0], held[0])
    return containers.hold(solver, shape, activation, at, held)


def _own_iterators(solver: Solver, values: Values, site: CallSite) -> Values | None:
    """What the `__iter__` of objects of the project returns, where that is another object or the
    same one; None where it is not known, or is not of theirs."""
    found: set[Value] = set()
    for value in values:
        if not isinstance(value, Instance):
            return None
        methods = classes.attribute(solver, value, "__iter__", site.activation, site.at)
        if not methods:
            return None
        for method in methods:
            found |= calls.call(solver, method, site, calls.Arguments())
    return frozenset(found) if all(isinstance(value, Instance) for value in found) else None


def _zip(solver: Solver, site: CallSite, given: Arguments) -> Values:
    activation, at = site.activation, site.at
    if not given.positional:  # `zip(*rows)`
        if not given.rest:
            return NOTHING  # what the rows are is not known yet
        columns = containers.columns(solver, given.rest, activation, at)
        if columns is not None:
            return frozenset({columns})
    row = containers.make(solver, "tuple", activation, at)
    for index, values in enumerate(given.positional):
        containers.put(solver, row, solver.iterate(values, activation, at), index)
    if given.rest:
        containers.put(solver, row, solver.iterate(given.rest, activation, at))
    else:
        solver.arity[row] = len(given.positional)
    return containers.hold(solver, "iterator", activation, at, [frozenset({row})])


def _enumerate(solver: Solver, site: CallSite, given: Arguments) -> Values:
    activation, at = site.activation, site.at
    row = containers.make(solver, "tuple", activation, at)
    containers.put(solver, row, JUST_DATA, 0)
    first = given.positional[0] if given.positional else NOTHING
    containers.put(solver, row, solver.iterate(first, activation, at), 1)
    solver.arity[row] = 2
    return containers.hold(solver, "iterator", activation, at, [frozenset({row})])


def _map(solver: Solver, site: CallSite, given: Arguments) -> Values:
    activation, at = site.activation, site.at
    items = [solver.iterate(values, activation, at) for values in given.positional[1:]]
    results: set[Value] = set()
    for function in given.positional[0] if given.positional else NOTHING:
        results |= calls.call(solver, function, site, calls.Arguments(items))
    return containers.hold(solver, "iterator", activation, at, [frozenset(results)])


def _range(solver: Solver, site: CallSite, given: Arguments) -> Values:
    return containers.hold(solver, "iterator", site.activation, site.at, [JUST_DATA])


def _next(solver: Solver, site: CallSite, given: Arguments) -> Values:
    if solver.record is not None:
        solver.record.externals[site.activation, site.at] = "next"
    first = given.positional[0] if given.positional else NOTHING
    rest = given.positional[1] if len(given.positional) > 1 else NOTHING
    found: set[Value] = set(rest)
    for value in first:
        if isinstance(value, Instance):
            for method in classes.attribute(solver, value, "__next__", site.activation, site.at):
                found |= calls.call(solver, method, site, calls.Arguments())
        else:
            found |= containers.elements(solver, value, site.activation, site.at)
    return frozenset(found)


def _dict(solver: Solver, site: CallSite, given: Arguments) -> Values:
    activation, at = site.activation, site.at
    made = containers.make(solver, "dict", activation, at)
    for values in given.positional:
        for value in values:
            if isinstance(value, Container) and value.shape == "dict":
                containers.merge(solver, made, value, activation, at)
                continue
            for pair in containers.elements(solver, value, activation, at):
                keys = containers.get_item(solver, pair, 0, activation, at)
                solver.add((made, "keys"), keys)
                items = containers.get_item(solver, pair, 1, activation, at)
                containers.put(solver, made, items)
    for name, values in given.keywords.items():
        containers.put(solver, made, values, name)
    return frozenset({made})


def _partial(solver: Solver, site: CallSite, given: Arguments) -> Values:
    function = given.positional[0] if given.positional else NOTHING
    rest = calls.Arguments(given.positional[1:], given.keywords, given.rest, given.open)
    return calls.partial_of(solver, function, site, rest)


def _super(solver: Solver, site: CallSite, given: Arguments) -> Values:
    activation = site.activation
    if len(given.positional) >= 2:
        return frozenset(
            solver.intern(Super, cls, receiver)
            for cls in given.positional[0]
            if isinstance(cls, ClassRef)
            for receiver in given.positional[1]
        )
    while activation.scope.kind == "lambda" and activation.outer is not None:
        activation = activation.outer
    outer = activation.outer
    parameters = activation.scope.parameters
    if outer is None or outer.scope.kind != "class" or not parameters:
        return JUST_UNKNOWN
    cls = solver.intern(ClassRef, outer.path, outer.scope, outer.outer)
    receivers = solver.read((activation, parameters[0].name))
    return frozenset(solver.intern(Super, cls, receiver) for receiver in receivers)


def _getattr(solver: Solver, site: CallSite, given: Arguments) -> Values:
    name = _text(given.positional[1]) if len(given.positional) > 1 else None
    found: set[Value] = set(given.positional[2]) if len(given.positional) > 2 else set()
    if name is None:
        return JUST_UNKNOWN
    for value in given.positional[0]:
        found |= classes.attribute(solver, value, name, site.activation, site.at)
    return frozenset(found)


def _setattr(solver: Solver, site: CallSite, given: Arguments) -> Values:
    if len(given.positional) == 3:
        name = _text(given.positional[1])
        for receiver in given.positional[0]:
            if name is not None:
                classes.set_attribute(
                    solver, receiver, name, given.positional[2], site.activation, site.at
                )
            else:
                for value in given.positional[2]:
                    solver.escape(value)
    return JUST_DATA


def _text(values: Values) -> str | None:
    texts = [v.value for v in values if isinstance(v, Literal) and isinstance(v.value, str)]
    return texts[0] if len(values) == len(texts) == 1 else None


def _namedtuple(solver: Solver, site: CallSite, given: Arguments) -> Values:
    name = _text(given.positional[0]) if given.positional else None
    return frozenset({solver.intern(Named, f"{python.NAMED_TUPLE}{name}", None)})


def _repeat(solver: Solver, site: CallSite, given: Arguments) -> Values:
    first = given.positional[0] if given.positional else JUST_UNKNOWN
    return containers.hold(solver, "iterator", site.activation, site.at, [first])


def _first(solver: Solver, site: CallSite, given: Arguments) -> Values:
    return given.positional[0] if given.positional else JUST_UNKNOWN


def _second(solver: Solver, site: CallSite, given: Arguments) -> Values:
    return given.positional[1] if len(given.positional) > 1 else JUST_UNKNOWN


def _max(solver: Solver, site: CallSite, given: Arguments) -> Values:
    if len(given.positional) == 1:
        return solver.iterate(given.positional[0], site.activation, site.at)
    found: set[Value] = set()
    for values in given.positional:
        found |= values
    return frozenset(found)


def _mkstemp(solver: Solver, site: CallSite, given: Arguments) -> Values:
    """The number and the name of a new file."""
    activation, at = site.activation, site.at
    if solver.record is not None:
        solver.record.externals[activation, at] = "tempfile.mkstemp"
    where = Site(activation.path, at)
    kind = things.TEMPORARY
    name = solver.intern(Made, kind, None, where, activation.context, 0, None, False)
    pair = containers.make(solver, "tuple", activation, at)
    containers.put(solver, pair, JUST_DATA, 0)
    containers.put(solver, pair, frozenset({name}), 1)
    solver.arity[pair] = 2
    return frozenset({pair})


def _wait_for_futures(solver: Solver, site: CallSite, given: Arguments) -> Values:
    """`concurrent.futures.wait`: two sets of what it was given."""
    activation, at = site.activation, site.at
    first = given.get(0, "fs") or NOTHING
    inner = containers.make(solver, "set", activation, at)
    containers.put(solver, inner, solver.iterate(first, activation, at))
    pair = containers.make(solver, "tuple", activation, at)
    for index in (0, 1):
        containers.put(solver, pair, frozenset({inner}), index)
    return frozenset({pair})


def _to_thread(solver: Solver, site: CallSite, given: Arguments) -> Values:
    if not given.positional:
        return JUST_UNKNOWN
    inner = calls.Arguments(given.positional[1:], dict(given.keywords), given.rest, given.open)
    found: set[Value] = set()
    for function in given.positional[0]:
        found |= calls.call(solver, function, site, inner)
    return frozenset(found)


def _multiprocessing_wait(solver: Solver, site: CallSite, given: Arguments) -> Values:
    first = given.get(0, "object_list") or NOTHING
    held = solver.iterate(first, site.activation, site.at)
    if solver.record is not None:
        solver.record.externals[site.activation, site.at] = "multiprocessing.connection.wait"
    return containers.hold(solver, "list", site.activation, site.at, [held])


_SPECIAL: dict[str, Callable[[Solver, CallSite, Arguments], Values]] = {
    "super": _super,
    "zip": _zip,
    "itertools.zip_longest": _zip,
    "enumerate": _enumerate,
    "map": _map,
    "range": _range,
    "next": _next,
    "dict": _dict,
    "collections.OrderedDict": _dict,
    "functools.partial": _partial,
    "getattr": _getattr,
    "setattr": _setattr,
    "max": _max,
    "min": _max,
    "typing.cast": _second,
    "collections.namedtuple": _namedtuple,
    "itertools.repeat": _repeat,
    "asyncio.to_thread": _to_thread,
    "concurrent.futures.as_completed": _same_elements,
    "concurrent.futures.wait": _wait_for_futures,
    "multiprocessing.connection.wait": _multiprocessing_wait,
    "tempfile.mkstemp": _mkstemp,
    "random.choice": _max,
    "contextlib.closing": _first,
    "contextlib.nullcontext": _first,
}
