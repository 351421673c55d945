"""What library calls do to the model: making objects, starting workers, handing items over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mplint import catalog
from mplint.catalog import multiprocessing as mp
from mplint.catalog import python, things
from mplint.model import calls, containers, libraries
from mplint.model import facts as f
from mplint.model.values import (
    JUST_DATA,
    JUST_UNKNOWN,
    NOTHING,
    Bound,
    ClassRef,
    Container,
    FunctionRef,
    Instance,
    Literal,
    Made,
    Named,
    Partial,
    Site,
    Super,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.calls import Arguments, CallSite
    from mplint.model.solve import Solver


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

NAMED_TUPLE = "collections.namedtuple."
"""What the names of classes that `namedtuple` makes begin with."""


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
    special = _special(path)
    if special is not None:
        return special(solver, site, given)
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
    for method in calls.attribute(solver, instance, "run", site.activation, site.at):
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


# Special functions --------------------------------------------------------------------------------


def _special(path: str) -> Callable[[Solver, CallSite, Arguments], Values] | None:
    if path in _SPECIAL:
        return _SPECIAL[path]
    found = catalog.library(path)
    if found is not None and found[1] == "get_context":
        return _get_context
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
            for method in calls.attribute(solver, value, "__next__", site.activation, site.at):
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
    return partial_of(solver, function, site, rest)


def partial_of(solver: Solver, function: Values, site: CallSite, given: Arguments) -> Values:
    """A function with some of its arguments."""
    at = Site(site.activation.path, site.at)
    partial = solver.intern(Partial, at, site.activation.context)
    held = solver.intern(Container, "partial", at, site.activation.context)
    solver.add((partial, "function"), function)
    for index, values in enumerate(given.positional):
        containers.put(solver, held, values, index)
    for name, values in given.keywords.items():
        containers.put(solver, held, values, name)
    solver.arity[held] = len(given.positional)
    return frozenset({partial})


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
        found |= calls.attribute(solver, value, name, site.activation, site.at)
    return frozenset(found)


def _setattr(solver: Solver, site: CallSite, given: Arguments) -> Values:
    if len(given.positional) == 3:
        name = _text(given.positional[1])
        for receiver in given.positional[0]:
            if name is not None:
                calls.set_attribute(
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
    return frozenset({solver.intern(Named, f"{NAMED_TUPLE}{name}", None)})


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
    "joblib.delayed": libraries.delayed,
    "joblib.parallel.delayed": libraries.delayed,
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
    "random.choice": _max,
    "contextlib.closing": _first,
    "contextlib.nullcontext": _first,
}
