"""What library calls do to the model: making objects, starting workers, handing items over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint import catalog
from mplint.catalog import python, things
from mplint.model import facts as f
from mplint.model.solving import calls, classes, containers, libraries, special
from mplint.model.values import (
    JUST_DATA,
    JUST_UNKNOWN,
    NOTHING,
    Bound,
    Container,
    FunctionRef,
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


_KEPT = (
    "daemon",
    "mp_context",
    "initializer",
    "initargs",
    "size",
    "max_workers",
    "maxtasksperchild",
    "max_tasks_per_child",
    "lock",
)
"""Arguments by name that are noted on whatever is made with them."""


def call(solver: Solver, function: Named, site: CallSite, given: Arguments) -> Values:
    """A call of a library's function or class."""
    path = function.path
    found = catalog.find(path)
    if isinstance(found, catalog.Maker):
        if path in things.RUNNING:
            _foreign(solver, path, site, given)
            if solver.record is not None:
                solver.record.externals[site.activation, site.at] = path
        return _make(solver, function, found, site, given)
    if isinstance(found, catalog.Launcher):
        return libraries.launch(solver, path, found, site, given)
    known = special.find(path)
    if known is not None:
        return known(solver, site, given)
    libraries.changes_settings(solver, path)
    if solver.record is not None:
        solver.record.externals[site.activation, site.at] = path
    return _foreign(solver, path, site, given)


def _foreign(solver: Solver, path: str, site: CallSite, given: Arguments) -> Values:
    """A call that the catalog says little about: does it keep its arguments, is its result data?"""
    module = path.partition(".")[0]
    quiet = path in python.QUIET or module in python.QUIET_MODULES
    if not (quiet or path in python.KEEPS_NOTHING) or path in python.KEEPERS:
        calls.hand_over(solver, site, given)
    else:
        for values in given.all():
            for value in values:
                if isinstance(value, (FunctionRef, Bound)):
                    solver.escape(value)
    if path in python.PLAIN_RESULTS or path in python.EXCEPTIONS or module == "logging":
        return JUST_DATA
    return JUST_UNKNOWN


# Objects ------------------------------------------------------------------------------------------


def _make(
    solver: Solver, function: Named, maker: catalog.Maker, site: CallSite, given: Arguments
) -> Values:
    library = catalog.library(function.path)
    at = Site(site.activation.path, site.at)
    context = _context(given)
    made = [
        solver.intern(
            Made,
            kind,
            library[0] if library else None,
            at,
            site.activation.context,
            part,
            function.context,
            False,
        )
        for kind in libraries.kinds(solver, maker, given)
        for part in ((1, 2) if maker.pair else (0,))
    ]
    note(solver, site, made)
    for value in made:
        _fill(solver, value, value.kind, site, given)
        if context is not None:
            solver.add((value, "context"), context)
        if maker.start_method:
            method = solver.intern(Literal, maker.start_method)
            solver.add((value, "method"), frozenset({method}))
    if not maker.pair:
        return frozenset(made)
    pair = containers.make(solver, "tuple", site.activation, site.at)
    for index, value in enumerate(made):
        containers.put(solver, pair, frozenset({value}), index)
    solver.arity[pair] = 2
    return frozenset({pair})


def note(solver: Solver, site: CallSite, made: list[Made]) -> None:
    """Writes down what a call makes."""
    if solver.record is not None:
        key = (site.activation, site.at)
        solver.record.made.setdefault(key, set()).update(made)


def _context(given: Arguments) -> Values | None:
    """The context given by argument: `ctx=`, `mp_context=`."""
    names = ("ctx", "mp_context", "context")
    return next((given.keywords[name] for name in names if name in given.keywords), None)


def _fill(
    solver: Solver,
    value: Value,
    kind: catalog.Kind,
    site: CallSite,
    given: Arguments,
) -> None:
    """Notes a constructor's arguments on the object, and launches what it is given to run."""
    for index, name in enumerate(kind.parameters):
        values = given.get(index, name)
        if values is not None:
            solver.add((value, name), values)
    if given.open:
        solver.add((value, "daemon"), JUST_UNKNOWN)
    for name in _KEPT:
        if name in given.keywords:
            solver.add((value, name), given.keywords[name])
    if kind.role == "process":
        targets = given.named(kind.parameters, "target")
        if kind.name == "Timer":
            targets = given.get(1, "function")
        if targets:
            packed = given.named(kind.parameters, "args")
            inner = calls.unpacked(solver, packed, site)
            for mapping in given.named(kind.parameters, "kwargs") or NOTHING:
                _add_keywords(solver, inner, mapping, site)
            launch(solver, site, calls.Launch("target", value), targets, inner)
    elif kind.role in ("pool", "executor"):
        initializers = given.named(kind.parameters, "initializer")
        if initializers:
            packed = given.named(kind.parameters, "initargs")
            inner = calls.unpacked(solver, packed, site)
            launch(solver, site, calls.Launch("initializer", value), initializers, inner)


def _add_keywords(solver: Solver, given: Arguments, mapping: Value, site: CallSite) -> None:
    if isinstance(mapping, Container):
        for key in list(solver.keys.get(mapping, ())):
            if isinstance(key, str):
                values = solver.read((mapping, ("at", key)))
                given.keywords[key] = values
    elif not isinstance(mapping, Literal):
        given.open = True


def made_by_subclass(
    solver: Solver, instance: Instance, maker: catalog.Maker, site: CallSite, given: Arguments
) -> None:
    """An object of a project's class that derives from a library class: for a process, its `run`
    is what the child runs."""
    if maker.kind.role != "process":
        return
    for method in classes.attribute(solver, instance, "run", site.activation, site.at):
        if isinstance(method, FunctionRef):
            inner = calls.Arguments()
            how = calls.Launch("run", instance)
            launch(solver, site, how, frozenset({method}), inner)


def launch(
    solver: Solver,
    site: CallSite,
    how: calls.Launch,
    targets: Values,
    given: Arguments,
) -> Values:
    """Something runs elsewhere; what it returns."""
    elsewhere = calls.CallSite(site.activation, site.at, None, how)
    found: set[Value] = set()
    for target in targets:
        found |= calls.call(solver, target, elsewhere, given)
    return frozenset(found)


# Methods ------------------------------------------------------------------------------------------


def attribute_of_made(solver: Solver, value: Made, name: str) -> Values:
    """`value.name` of a followed object."""
    kind = value.kind
    if kind.role == "context":
        root = value.library.root if value.library else "multiprocessing"
        return frozenset({solver.intern(Named, f"{root}.{name}", value)})
    if name in kind.methods:
        return frozenset({solver.intern(Bound, value, name)})
    if kind.role == "file" and name in python.FILE_DATA:
        return JUST_DATA
    known = solver.read((value, name))
    if kind.name == "Namespace" and not name.startswith("_"):
        return known or (JUST_UNKNOWN if solver.closing else NOTHING)
    if kind.role in ("proxy", "logger", "file") or name.startswith("__"):
        return frozenset({solver.intern(Bound, value, name)})
    if name in kind.attributes:
        return known | JUST_DATA
    return known or JUST_UNKNOWN


def call_method(solver: Solver, bound: Bound, site: CallSite, given: Arguments) -> Values:
    """A method of a followed object."""
    receiver, name = bound.receiver, bound.name
    kind = solver.kind_of(receiver)
    if kind is None:
        return JUST_UNKNOWN
    if name == "__init__":
        owner = receiver.receiver if isinstance(receiver, Super) else receiver
        _fill(solver, owner, kind, site, given)
        return JUST_DATA
    if kind.role == "logger" or (kind.role == "file" and name not in kind.methods):
        return JUST_DATA
    if kind.role == "proxy":
        return _call_proxy(solver, receiver, name, given)
    method = kind.methods.get(name)
    if method is None:
        return JUST_DATA
    if solver.record is not None:
        solver.record.operations.append(
            calls.RawOperation(site.activation, site.at, receiver, name, site.launch)
        )
    if method.tasks:
        return task(solver, receiver, kind, method, site, given)
    if method.does == "put":
        item = given.get(0, method.parameters[0] if method.parameters else "obj")
        if item is not None:
            solver.add((receiver, "item"), item)
        return JUST_DATA
    if method.gives == "item" or method.does == "result":
        peer = _peer(solver, receiver)
        items = solver.read((peer, "item"))
        return items | JUST_UNKNOWN if solver.closing and not items else items
    if method.gives == "self":
        return frozenset({receiver})
    given_kind = catalog.given(method.gives)
    if given_kind is not None:
        return _give(solver, receiver, given_kind, site, given)
    if name == "register" and kind.role == "manager":
        for values in given.all():
            for value in values:
                solver.escape(value)
    for values in given.all():
        for value in values:
            if isinstance(value, (FunctionRef, Bound)):
                solver.escape(value)
    return JUST_DATA


def lend(solver: Solver, site: CallSite, given: Arguments) -> Values | None:
    """What a method of an object that we do not know does with a followed object which is made to
    be given to it, `loop.run_in_executor(executor, function)`; None for other calls."""
    function = site.expression.function if site.expression is not None else None
    if not isinstance(function, f.Attribute) or not given.positional:
        return None
    found: set[Value] = set()
    for receiver in given.positional[0]:
        kind = solver.kind_of(receiver)
        method = kind.given_to.get(function.name) if kind is not None else None
        if kind is None or method is None:
            continue
        if solver.record is not None:
            solver.record.operations.append(
                calls.RawOperation(site.activation, site.at, receiver, function.name, site.launch)
            )
        found |= task(solver, receiver, kind, method, site, given)
    return frozenset(found) or None


def _peer(solver: Solver, value: Value) -> Value:
    """Where what comes out of an object was put in: the other end, for a pipe."""
    if isinstance(value, Made) and value.part:
        return other_end(solver, value)
    return value


def other_end(solver: Solver, end: Made) -> Made:
    """The other end of a pipe."""
    return solver.intern(
        Made, end.kind, end.library, end.site, end.context, 3 - end.part, end.of, end.given
    )


def _give(
    solver: Solver, receiver: Value, kind: catalog.Kind, site: CallSite, given: Arguments
) -> Values:
    library = receiver.library if isinstance(receiver, Made) else None
    of = receiver if isinstance(receiver, Made) else None
    at = Site(site.activation.path, site.at)
    made = solver.intern(Made, kind, library, at, site.activation.context, 0, of, False)
    note(solver, site, [made])
    for index, name in enumerate(kind.parameters):
        values = given.get(index, name)
        if values is not None:
            solver.add((made, name), values)
    if kind.role == "proxy":
        for values in given.positional:
            tables = frozenset(v for v in values if isinstance(v, Container) and v.shape == "dict")
            for table in tables:
                solver.add((made, "item"), solver.read((table, "all")))
            if values - tables:
                held = solver.iterate(values - tables, site.activation, site.at)
                solver.add((made, "item"), held)
        for name, values in given.keywords.items():
            solver.add((made, name if kind.name == "Namespace" else "item"), values)
    return frozenset({made})


def _call_proxy(solver: Solver, receiver: Value, name: str, given: Arguments) -> Values:
    if name in ("append", "insert", "put", "setdefault"):
        for values in given.all():
            solver.add((receiver, "item"), values)
    if name in ("extend", "update"):
        for values in given.all():
            for value in values:
                if isinstance(value, Container):
                    solver.add((receiver, "item"), solver.read((value, "all")))
                else:
                    solver.add((receiver, "item"), frozenset({value}))
    if name == "get":
        default = given.positional[1] if len(given.positional) > 1 else NOTHING
        found = solver.read((receiver, "item")) | default
        return found or (JUST_UNKNOWN if solver.closing else NOTHING)
    if name in ("pop", "popitem", "items", "values", "copy"):
        return solver.read((receiver, "item")) | JUST_UNKNOWN
    return JUST_DATA


def task(
    solver: Solver,
    holder: Value,
    kind: catalog.Kind,
    method: catalog.Method,
    site: CallSite,
    given: Arguments,
) -> Values:
    """A task for a pool or executor: what its function gets, and what comes back."""
    how = calls.Launch("task", holder)
    activation, at = site.activation, site.at
    first = 1 if method.tasks == "loop" else 0  # behind the executor
    targets = given.get(first, method.parameters[first]) or NOTHING
    inner = calls.Arguments()
    if method.tasks == "delayed":
        targets = libraries.tasks_of(solver, given, site)
    elif method.tasks == "apply":
        inner = calls.unpacked(solver, given.named(method.parameters, "args"), site)
        for mapping in given.named(method.parameters, "kwds") or NOTHING:
            _add_keywords(solver, inner, mapping, site)
    elif method.tasks in ("submit", "loop"):
        keywords = dict(given.keywords) if method.tasks == "submit" else {}
        inner = calls.Arguments(given.positional[first + 1 :], keywords, given.rest, given.open)
        inner.keywords.pop("fn", None)
    elif method.tasks == "executor-map":
        inner.positional = [
            solver.iterate(values, activation, at) for values in given.positional[1:]
        ]
        inner.rest = solver.iterate(given.rest, activation, at) if given.rest else NOTHING
    else:
        items = solver.iterate(
            given.named(method.parameters, "iterable") or NOTHING, activation, at
        )
        if method.tasks == "map":
            inner.positional = [items]
        else:
            inner = calls.unpacked(solver, items, site)
    returned = launch(solver, site, how, targets, inner)
    for name in ("callback", "error_callback"):
        callbacks = given.named(method.parameters, name)
        for callback in callbacks or NOTHING:
            calls.call(solver, callback, site, calls.Arguments([returned | JUST_UNKNOWN]))
    if method.tasks == "loop":
        return returned | JUST_UNKNOWN  # as it is awaited, which gives what the task returns
    many = method.tasks not in ("apply", "submit")
    if method.does == "call":
        return containers.hold(solver, "list", activation, at, [returned]) if many else returned
    result_kind = catalog.given(method.gives)
    assert result_kind is not None
    results = _give(solver, holder, result_kind, site, calls.Arguments())
    one_by_one = method.gives in ("IMapIterator", "results")
    if many and not one_by_one:
        returned = containers.hold(solver, "list", activation, at, [returned])
    for result in results:
        solver.add((result, "item"), returned)
    return results
