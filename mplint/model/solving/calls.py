"""Calls: which code runs, what its parameters become, and what comes back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from msgspec import Struct, field

from mplint.model import facts as f
from mplint.model.solving import classes, containers, intrinsics, libraries
from mplint.model.solving.binding import TRANSPARENT, misfit
from mplint.model.solving.reaching import ENTRY
from mplint.model.values import (
    DATA,
    JUST_UNKNOWN,
    NOTHING,
    UNKNOWN,
    Activation,
    Bound,
    ClassRef,
    Container,
    Deferred,
    FunctionRef,
    Instance,
    Literal,
    Made,
    Named,
    Partial,
    Site,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.solving.solve import Solver


class Launch(Struct, frozen=True):
    """That a function is not called here but runs elsewhere: as the target of a process or thread,
    as a task or initializer of a pool. `holder` is that process, pool or executor."""

    how: OneOf["target", "run", "task", "initializer"]
    holder: Value


class CallSite(Struct, frozen=True):
    """Where a call stands; `expression` is None for calls that Python makes by itself."""

    activation: Activation
    at: int
    expression: f.Call | None
    launch: Launch | None = None


class Arguments(Struct):
    """The values that a call hands over. `rest` is what `*xs` of unknown length adds behind the
    positional ones; `open` says that `**kw` may add more. They are `written` when a call in the
    source names each of them, no more and no less."""

    positional: list[Values] = field(default_factory=list)
    keywords: dict[str, Values] = field(default_factory=dict)
    rest: Values = NOTHING
    open: bool = False
    written: bool = False

    def get(self, index: int, name: str) -> Values | None:
        """The argument at a position or of a name; None when it is certainly not given."""
        if index < len(self.positional):
            return self.positional[index]
        if name in self.keywords:
            return self.keywords[name]
        if self.rest or self.open:
            return self.rest | JUST_UNKNOWN
        return None

    def named(self, parameters: tuple[str, ...], name: str) -> Values | None:
        """The argument for a parameter of a signature."""
        index = parameters.index(name) if name in parameters else 1_000
        return self.get(index, name)

    def all(self) -> Iterable[Values]:
        yield from self.positional
        yield from self.keywords.values()
        yield self.rest


class Edge(Struct, frozen=True):
    """That the call at `at` in `caller` runs `callee`, or launches it."""

    caller: Activation
    at: int
    callee: Activation
    launch: Launch | None
    given: tuple[tuple[str, Values], ...]  # the shared objects that it hands over, by parameter


class RawOperation(Struct, frozen=True):
    """A call of a method of a followed object."""

    activation: Activation
    at: int
    receiver: Value
    name: str
    launch: Launch | None


def arguments(solver: Solver, call: f.Call, activation: Activation) -> Arguments:
    """The values of a call's arguments."""
    found = Arguments(written=not any(argument.star for argument in call.arguments))
    for argument in call.arguments:
        values = solver.evaluate(argument.value, activation)
        if argument.star == "*":
            _spread(solver, found, values, activation, argument.value.at)
        elif argument.star == "**":
            for value in values:
                keys = solver.keys.get(value) if isinstance(value, Container) else None
                for key in keys or ():
                    if isinstance(key, str):
                        found.keywords[key] = containers.get_item(
                            solver, value, key, activation, argument.value.at
                        )
                found.open = found.open or keys is None
        elif argument.keyword is not None:
            found.keywords[argument.keyword] = values
        elif found.rest:
            found.rest |= values
        else:
            found.positional.append(values)
    return found


def _spread(
    solver: Solver, found: Arguments, values: Values, activation: Activation, at: int
) -> None:
    """Adds `*values` to the arguments: one by one where the length is known. Where it is one of
    several tuples, each argument is what any of them has in its place."""
    tuples = [value for value in values if isinstance(value, Container)]
    lengths = [length(solver, value) for value in tuples]
    if len(tuples) == len(values) and not found.rest and None not in lengths:
        for index in range(max((length or 0 for length in lengths), default=0)):
            found.positional.append(
                NOTHING.union(*(solver.read((value, ("at", index))) for value in tuples))
            )
        return
    if len(tuples) == len(values) == 1 and not found.rest:
        prefix = solver.prefix.get(tuples[0], 0)
        for index in range(prefix):
            found.positional.append(containers.get_item(solver, tuples[0], index, activation, at))
        if prefix:
            found.rest |= solver.read((tuples[0], "any"))
            return
    found.rest |= solver.iterate(values, activation, at)


def length(solver: Solver, container: Container) -> int | None:
    """The length of a container whose elements are all in known places."""
    return solver.arity.get(container) if not solver.read((container, "any")) else None


def unpacked(solver: Solver, packed: Values | None, site: CallSite) -> Arguments:
    """The arguments that `args=packed` hands to a target."""
    found = Arguments()
    if packed is not None:
        _spread(solver, found, packed, site.activation, site.at)
    return found


# What is called -----------------------------------------------------------------------------------


def call(solver: Solver, function: Value, site: CallSite, given: Arguments) -> Values:
    """Runs a value; the values that come back."""
    match function:
        case FunctionRef():
            return call_function(solver, function, site, given)
        case ClassRef():
            return classes.instantiate(solver, function, site, given)
        case Deferred():
            return _call_deferred(solver, function, site, given)
        case Named():
            return intrinsics.call(solver, function, site, given)
        case Bound(receiver=Container()):
            return containers.call_method(solver, function, site, given)
        case Bound() if libraries.is_delayed(function):
            return libraries.make_task(solver, function, site, given)
        case Bound():
            return intrinsics.call_method(solver, function, site, given)
        case Made(kind=kind) if "__call__" in kind.methods:
            called = solver.intern(Bound, function, "__call__")
            return intrinsics.call_method(solver, called, site, given)
        case Instance() | Partial():
            if function in solver.calling:
                return NOTHING
            solver.calling.add(function)
            try:
                if isinstance(function, Partial):
                    return _call_partial(solver, function, site, given)
                found: set[Value] = set()
                for method in classes.attribute(
                    solver, function, "__call__", site.activation, site.at
                ):
                    found |= call(solver, method, site, given)
                return frozenset(found)
            finally:
                solver.calling.discard(function)
        case Literal():
            return NOTHING  # calling a constant raises
    if function is DATA:
        return JUST_UNKNOWN
    borrowed = intrinsics.lend(solver, site, given)
    if borrowed is not None:
        return borrowed
    hand_over(solver, site, given)
    if solver.record is not None:
        solver.record.unknown.add((site.activation, site.at))
    return JUST_UNKNOWN


def hand_over(solver: Solver, site: CallSite, given: Arguments) -> None:
    """Code that we do not see gets all arguments."""
    for values in given.all():
        for value in values:
            solver.escape(value)


def call_function(
    solver: Solver, function: FunctionRef, site: CallSite, given: Arguments
) -> Values:
    if not fits(solver, function, site, given):
        return NOTHING  # it raises before anything of the function runs
    launched = site.launch is not None
    callee = solver.activation_of(function, site_of(site), site.activation, launched=launched)
    solver.enter(callee)
    if _is_wrapped(solver, function):
        hand_over(solver, site, given)
    passed = bind(solver, function, callee, given)
    if solver.record is not None:
        shared = tuple(
            (name, kept)
            for name, values in passed
            if (kept := frozenset(v for v in values if is_shared(solver, v)))
        )
        edge = Edge(site.activation, site.at, callee, site.launch, shared)
        solver.record.edges.append(edge)
    if function.scope.is_generator:
        generator = containers.generator_of(solver, callee)
        solver.read((generator, "all"))
        return frozenset({generator})
    from mplint.model.solving.solve import RETURNED

    returned = solver.read((callee, RETURNED))
    return returned | JUST_UNKNOWN if _is_wrapped(solver, function) else returned


def fits(solver: Solver, function: FunctionRef, site: CallSite, given: Arguments) -> bool:
    """Whether a call may be one that the function takes: False only when it certainly is not."""
    if not given.written or site.launch is not None or _is_super(site.expression):
        return True
    if not solver.decorations.get(function.scope, frozenset()) <= TRANSPARENT:
        return True
    bound = function.receiver is not None
    count, names = len(given.positional), frozenset(given.keywords)
    return misfit(function.scope, count, names, bound=bound) is None


def _is_super(expression: f.Call | None) -> bool:
    """Whether a call goes to a class that only the object's own class decides on."""
    function = expression.function if expression is not None else None
    return isinstance(function, f.Attribute) and isinstance(function.value, f.Call)


def _is_wrapped(solver: Solver, function: FunctionRef) -> bool:
    """Whether a decorator of the project stands between a call and the function, and may use the
    arguments itself."""
    names = solver.decorations.get(function.scope, ())
    return any(name == "?" or name.startswith(classes.OWN_DECORATOR) for name in names)


def site_of(site: CallSite) -> Site:
    return Site(site.activation.path, site.at)


def is_shared(solver: Solver, value: Value) -> bool:
    """Whether an object, or something it holds, can be used by several processes: these must not be
    mixed up with each other."""
    if isinstance(value, Made):
        return value.kind.family in ("process", "manager") and value.kind.role != "context"
    if isinstance(value, Container):
        return any(
            is_shared(solver, element)
            for element in solver.cells.get((value, "all"), NOTHING)
            if not isinstance(element, Container)
        )
    return isinstance(value, Instance) and value.site is not None


def bind(
    solver: Solver, function: FunctionRef, callee: Activation, given: Arguments
) -> list[tuple[str, Values]]:
    """Fills the parameters of an activation; what each of them was given."""
    positional = list(given.positional)
    if function.receiver is not None:
        positional.insert(0, frozenset({function.receiver}))
    passed: list[tuple[str, Values]] = []
    index = 0
    taken = set()
    for parameter in function.scope.parameters:
        values: Values | None = None
        if parameter.kind == "positional" and index < len(positional):
            values = positional[index]
            index += 1
        elif parameter.kind in ("positional", "keyword"):
            values = given.keywords.get(parameter.name)
            if values is None and parameter.kind == "positional" and given.rest:
                values = given.rest
            if values is None and given.open:
                values = JUST_UNKNOWN
            if values is None and parameter.default is not None:
                values = solver.evaluate(parameter.default, function.outer or callee)
        elif parameter.kind == "star":
            star = containers.make(solver, "tuple", callee, parameter.at)
            for offset, extra in enumerate(positional[index:]):
                containers.put(solver, star, extra, offset)
            containers.put(solver, star, given.rest)
            if not given.rest:
                solver.arity[star] = max(solver.arity.get(star, 0), len(positional) - index)
            index = len(positional)
            values = frozenset({star})
        else:
            double = containers.make(solver, "dict", callee, parameter.at)
            for name, extra in given.keywords.items():
                if name not in taken:
                    containers.put(solver, double, extra, name)
            values = frozenset({double})
        taken.add(parameter.name)
        if values is not None:
            solver.define(callee, parameter.name, ENTRY, values)
            passed.append((parameter.name, values))
    return passed


def _call_deferred(solver: Solver, function: Deferred, site: CallSite, given: Arguments) -> Values:
    """A function of a module that is not loaded: worth loading if it gets something we follow, or
    is a class that builds on one we follow."""
    interesting = (
        site.launch is not None
        or any(_carries(solver, value) for values in given.all() for value in values)
        or solver.loader.extends_gated(function.path, function.name)
    )
    if not interesting:
        from mplint.model.solving.solve import LOADED

        solver.read((function.path, LOADED))
        for values in given.all():
            for value in values:
                if isinstance(value, FunctionRef):
                    solver.escape(value)
        if solver.record is not None:
            # not by its bare name: it may be called as something of Python is, such as `exit`
            solver.record.externals[site.activation, site.at] = f"?{function.name}"
            solver.record.deferred.setdefault((site.activation, site.at), set()).add(function)
        return JUST_UNKNOWN
    found: set[Value] = set()
    for value in needed(solver, function):
        if isinstance(value, Deferred):
            hand_over(solver, site, given)
            found.add(UNKNOWN)
        else:
            found |= call(solver, value, site, given)
    return frozenset(found)


def _carries(solver: Solver, value: Value) -> bool:
    if isinstance(value, Instance):
        return solver.kind_of(value) is not None
    # whoever gets a context makes something of it
    is_context = isinstance(value, Made) and value.kind.role == "context"
    return is_context or is_shared(solver, value)


def settle(solver: Solver) -> None:
    """What was a name of a module that was not needed at first, and then was, becomes what that
    module says it is, and nothing else any more."""
    late: dict[Value, Values] = {
        value: solver.global_name(value.path, value.name)
        for value in solver.intern.all_of(Deferred)
        if value.path in solver.modules
    }
    for cell, values in solver.cells.items() if late else ():
        stale = values & late.keys()
        if stale:
            solver.cells[cell] = (values - stale).union(*(late[value] for value in stale))


def needed(solver: Solver, value: Value) -> Values:
    """The value behind a deferred name, whose module is loaded for it."""
    if not isinstance(value, Deferred):
        return frozenset({value})
    if solver.load(value.path) is None:
        return frozenset({value})
    return solver.global_name(value.path, value.name)


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


def _call_partial(solver: Solver, function: Partial, site: CallSite, given: Arguments) -> Values:
    held = solver.intern(Container, "partial", function.site, function.context)
    arity = solver.arity.get(held, 0)
    merged = Arguments(
        [solver.read((held, ("at", index))) for index in range(arity)] + given.positional,
        dict(given.keywords),
        given.rest,
        given.open,
    )
    for key in solver.keys.get(held, ()):
        if isinstance(key, str):
            merged.keywords.setdefault(key, solver.read((held, ("at", key))))
    found: set[Value] = set()
    for target in solver.read((function, "function")):
        found |= call(solver, target, site, merged)
    return frozenset(found)


def call_from_outside(solver: Solver, function: FunctionRef) -> None:
    """Code that we do not see may call the function with anything."""
    activation = solver.activation_of(function, None)
    solver.enter(activation)
    solver.from_outside.add(activation)
    for index, parameter in enumerate(function.scope.parameters):
        if index == 0 and function.receiver is not None:
            receiver = frozenset({function.receiver})
            solver.define(activation, parameter.name, ENTRY, receiver)
        elif parameter.kind in ("positional", "keyword"):
            solver.define(activation, parameter.name, ENTRY, JUST_UNKNOWN)
