"""Calls: which code runs, what its parameters become, and what comes back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from msgspec import Struct, field
from msgspec.structs import replace

from mplint import catalog
from mplint.model import containers, intrinsics, libraries
from mplint.model import facts as f
from mplint.model.binding import TRANSPARENT, misfit
from mplint.model.reaching import ENTRY
from mplint.model.values import (
    DATA,
    JUST_DATA,
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
    ModuleRef,
    Named,
    Partial,
    Site,
    Super,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.solve import Solver


OWN_DECORATOR = "own "
"""What the name of a decorator begins with that is a function or class of the project."""


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
            return instantiate(solver, function, site, given)
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
                for method in attribute(solver, function, "__call__", site.activation, site.at):
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
    if not _fits(solver, function, site, given):
        return NOTHING  # it raises before anything of the function runs
    launched = site.launch is not None
    callee = solver.activation_of(function, _site(site), site.activation, launched=launched)
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
    from mplint.model.solve import RETURNED

    returned = solver.read((callee, RETURNED))
    return returned | JUST_UNKNOWN if _is_wrapped(solver, function) else returned


def _fits(solver: Solver, function: FunctionRef, site: CallSite, given: Arguments) -> bool:
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
    return any(name == "?" or name.startswith(OWN_DECORATOR) for name in names)


def _site(site: CallSite) -> Site:
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
        from mplint.model.solve import LOADED

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


# Classes and instances ----------------------------------------------------------------------------


def instantiate(solver: Solver, cls: ClassRef, site: CallSite, given: Arguments) -> Values:
    """`Class(...)`: a new object, its `__init__`, and what its library base class does."""
    at = _site(site) if cls.scope in solver.policy.classes else None
    instance = solver.intern(Instance, cls, at)
    found = attribute(solver, instance, "__init__", site.activation, site.at)
    initializers = [method for method in found if isinstance(method, (FunctionRef, Bound))]
    if not solver.closing and _awaits_initializer(solver, cls):
        return NOTHING
    if not _is_called_plainly(solver, cls):
        given = replace(given, written=False)
    if initializers and not any(
        isinstance(method, Bound) or _fits(solver, method, site, given) for method in initializers
    ):
        return NOTHING  # no object comes out of that
    solver.instances.setdefault(cls, set()).add(instance)
    if solver.record is not None:
        solver.record.made.setdefault((site.activation, site.at), set()).add(instance)
    inner = CallSite(site.activation, site.at, site.expression)
    for method in initializers:
        call(solver, method, inner, given)
    if _is_dataclass(solver, cls):
        _fill_fields(solver, cls, instance, given, site)
    maker = solver.maker_of(cls)
    if maker is not None:
        intrinsics.made_by_subclass(solver, instance, maker, inner, given)
    return frozenset({instance})


def _is_called_plainly(solver: Solver, cls: ClassRef) -> bool:
    """Whether the arguments of `Class(...)` go to `__init__` as they are: no metaclass and no
    decorator has a say."""
    for base in solver.ancestry(cls):
        if isinstance(base, ClassRef):
            metaclasses = [a.value for a in base.scope.arguments if a.keyword == "metaclass"]
            names = [m.id if isinstance(m, f.Name) else getattr(m, "name", "") for m in metaclasses]
            decorators = solver.decorations.get(base.scope, frozenset())
            if not decorators <= TRANSPARENT or any(name != "ABCMeta" for name in names):
                return False
    return True


def _awaits_initializer(solver: Solver, cls: ClassRef) -> bool:
    """Whether a class has an `__init__` that the solver has not come to yet."""
    from mplint.model.solve import BASES

    for base in solver.ancestry(cls):
        if not isinstance(base, ClassRef):
            return False
        if "__init__" in base.scope.bound:
            return not solver.read((base, "__init__"))
        for index, argument in enumerate(base.scope.arguments):
            if argument.keyword is None and not solver.read((base, (BASES, index))):
                return True
    return False


def _is_dataclass(solver: Solver, cls: ClassRef) -> bool:
    names = solver.decorations.get(cls.scope, frozenset())
    if names & {"dataclass", "dataclasses.dataclass", "attr.s", "attrs.define", "define"}:
        return True
    return any(
        isinstance(base, Named) and base.path in ("typing.NamedTuple", "pydantic.BaseModel")
        for base in solver.ancestry(cls)
    )


def _fill_fields(
    solver: Solver, cls: ClassRef, instance: Instance, given: Arguments, site: CallSite
) -> None:
    names: dict[str, None] = {}
    for ancestor in reversed(solver.ancestry(cls)):
        if isinstance(ancestor, ClassRef):
            for step in ancestor.scope.body:
                if isinstance(step, f.Bind) and step.annotation is not None:
                    if isinstance(step.targets[0], f.Name):
                        names[step.targets[0].id] = None
    for index, name in enumerate(names):
        values = given.get(index, name)
        if values is not None:
            solver.add((instance, name), values)


def receivers_of_uncalled(solver: Solver, function: FunctionRef) -> Values | None:
    """What `self` is in a method that nobody in sight calls; None for other functions."""
    outer = function.outer
    if outer is None or outer.scope.kind != "class":
        return None
    names = solver.decorations.get(function.scope, frozenset())
    if "staticmethod" in names:
        return None
    cls = solver.intern(ClassRef, outer.path, outer.scope, outer.outer)
    if "classmethod" in names:
        return frozenset({cls})
    receivers: set[Value] = set()
    todo, seen = [cls], set()
    while todo:
        current = todo.pop()
        if current in seen:
            continue
        seen.add(current)
        made = solver.instances.get(current)
        receivers |= made or {solver.intern(Instance, current, None)}
        for subclass in solver.subclasses.get(current, ()):
            if not solver.read((subclass, function.scope.name)):
                todo.append(subclass)
    return frozenset(receivers)


def launch_uncalled(solver: Solver, run: FunctionRef, receivers: Values) -> bool:
    """Launches the `run` of process classes that others are to make; False for other classes."""
    outer = run.outer
    assert outer is not None
    launched = False
    for receiver in receivers:
        if isinstance(receiver, Instance):
            maker = solver.maker_of(receiver.cls)
            if maker is not None and maker.kind.role == "process":
                site = CallSite(outer.outer or outer, outer.scope.at, None)
                intrinsics.made_by_subclass(solver, receiver, maker, site, Arguments())
                solver.uncalled_runs.append((receiver, maker, site))
                launched = True
    return launched


def attribute(solver: Solver, value: Value, name: str, activation: Activation, at: int) -> Values:
    """`value.name`."""
    match value:
        case Instance(cls=cls):
            own = solver.read((value, name))
            inherited = _member(solver, solver.ancestry(cls), value, name, activation, at)
            if not own:
                return inherited
            # set on the object: hides methods, and a foreign base class says nothing against it
            hidden = (FunctionRef, Bound, Named)
            return own | {v for v in inherited if not isinstance(v, hidden) and v is not UNKNOWN}
        case Super(cls=cls, receiver=receiver):
            ancestry = solver.ancestry(cls)[1:]
            return _member(solver, ancestry, receiver, name, activation, at)
        case ClassRef():
            return _member(solver, solver.ancestry(value), value, name, activation, at)
        case ModuleRef(path=path):
            return _module_attribute(solver, value, name)
        case Deferred():
            found: set[Value] = set()
            for inner in _loaded(solver, value):
                found |= attribute(solver, inner, name, activation, at)
            return frozenset(found)
        case Named(path=path):
            return frozenset({solver.intern(Named, f"{path}.{name}", value.context)})
        case Made():
            return intrinsics.attribute_of_made(solver, value, name)
        case Container():
            return frozenset({solver.intern(Bound, value, name)})
        case FunctionRef():
            return solver.read((value, name)) or JUST_DATA
        case Literal(value=None):
            return NOTHING  # it raises: None stands for an object that is not there yet
        case Literal():
            return JUST_DATA
    if value is DATA:
        return JUST_DATA
    return JUST_UNKNOWN


def _loaded(solver: Solver, value: Deferred) -> Values:
    from mplint.model.solve import LOADED

    solver.read((value.path, LOADED))
    if value.path in solver.modules:
        return solver.global_name(value.path, value.name)
    return JUST_UNKNOWN


def _module_attribute(solver: Solver, module: ModuleRef, name: str) -> Values:
    found = solver.loader.resolve(module.path, "", name, 1)
    if module.path.name == "__init__.py" and found.path is not None and found.name is None:
        return frozenset({solver.intern(ModuleRef, found.path)})
    target = solver.loader.follow(module.path, name)
    if target.path is None:
        return frozenset({solver.intern(Named, target.name, None)})
    if target.name is None:
        return frozenset({solver.intern(ModuleRef, target.path)})
    return solver.global_name(target.path, target.name)


def _member(
    solver: Solver,
    ancestry: list[Value],
    receiver: Value,
    name: str,
    activation: Activation,
    at: int,
) -> Values:
    """A member of the nearest class that has it, bound to the receiver."""
    for cls in ancestry:
        if isinstance(cls, ClassRef):
            members = solver.read((cls, name))
            if members and _is_enum(ancestry) and not _has_function(members):
                # a member of an enumeration is one and the same object in every process
                path = f"{cls.path.stem}.{cls.name}.{name}"
                return frozenset({solver.intern(Named, path, None)})
            if members:
                found: set[Value] = set()
                for member in members:
                    found |= _bind_member(solver, member, receiver, cls, activation, at)
                return frozenset(found)
        elif isinstance(cls, Named):
            maker = catalog.find(cls.path)
            if isinstance(maker, catalog.Maker):
                known = maker.kind.knows(name) or name == "__init__"
                if isinstance(receiver, (Instance, Super)) and known:
                    if name in maker.kind.attributes:
                        return JUST_DATA
                    return frozenset({solver.intern(Bound, receiver, name)})
            if cls.path not in ("object", "abc.ABC", "typing.Generic", "typing.Protocol"):
                return frozenset({solver.intern(Named, f"{cls.path}.{name}", None)})
        else:
            return JUST_UNKNOWN
    return NOTHING


def _is_enum(ancestry: list[Value]) -> bool:
    return any(isinstance(base, Named) and base.path.startswith("enum.") for base in ancestry)


def _has_function(members: Values) -> bool:
    return any(isinstance(member, (FunctionRef, ClassRef)) for member in members)


def _bind_member(
    solver: Solver,
    member: Value,
    receiver: Value,
    cls: ClassRef,
    activation: Activation,
    at: int,
) -> Values:
    if not isinstance(member, FunctionRef) or member.receiver is not None:
        return frozenset({member})
    if member.scope.kind == "lambda" and not isinstance(receiver, (Instance, Super)):
        return frozenset({member})
    names = solver.decorations.get(member.scope, frozenset())
    if "staticmethod" in names:
        return frozenset({member})
    if "classmethod" in names:
        owner = receiver.cls if isinstance(receiver, Instance) else receiver
        return frozenset({_with_receiver(solver, member, owner)})
    if isinstance(receiver, ClassRef):
        return frozenset({member})
    bound = _with_receiver(solver, member, receiver)
    if names & {"property", "cached_property", "functools.cached_property"}:
        return call(solver, bound, CallSite(activation, at, None), Arguments())
    return frozenset({bound})


def _with_receiver(solver: Solver, function: FunctionRef, receiver: Value) -> FunctionRef:
    return solver.intern(FunctionRef, function.path, function.scope, function.outer, receiver)


def set_attribute(
    solver: Solver,
    receiver: Value,
    name: str,
    values: Values,
    activation: Activation,
    at: int,
) -> None:
    """`receiver.name = values`."""
    match receiver:
        case Instance() | ClassRef() | Made() | FunctionRef():
            solver.add((receiver, name), values)
        case ModuleRef(path=path):
            module = solver.modules.get(path)
            if module is not None:
                solver.add((module, name), values)
        case Super(receiver=inner):
            set_attribute(solver, inner, name, values, activation, at)
        case _:
            if receiver is UNKNOWN or isinstance(receiver, (Named, Deferred)):
                for value in values:
                    solver.escape(value)


def enter_with(solver: Solver, values: Values, activation: Activation, at: int) -> Values:
    """What `with values as x` binds to `x`; runs `__enter__` and `__exit__`."""
    found: set[Value] = set()
    site = CallSite(activation, at, None)
    for value in values:
        match value:
            case Made():
                found.add(DATA if value.kind.role == "lock" else value)
                if solver.record is not None and "acquire" in value.kind.methods:
                    solver.record.operations.append(
                        RawOperation(activation, at, value, "acquire", None)
                    )
            case Instance():
                entered: Values = NOTHING
                for method in attribute(solver, value, "__enter__", activation, at):
                    if isinstance(method, (FunctionRef, Bound)):
                        entered |= call(solver, method, site, Arguments())
                    else:
                        entered |= JUST_UNKNOWN
                for method in attribute(solver, value, "__exit__", activation, at):
                    if isinstance(method, FunctionRef):
                        given = Arguments([JUST_DATA, JUST_DATA, JUST_DATA])
                        call(solver, method, site, given)
                kind = solver.kind_of(value)
                if kind is not None and not (entered - JUST_UNKNOWN):
                    entered = frozenset({value})
                found |= entered
            case Container(shape="generator"):
                found |= solver.read((value, "all"))
            case _:
                found.add(UNKNOWN)
    return frozenset(found)


def close_with(
    solver: Solver, manager: f.Expr, values: Values, activation: Activation, at: int
) -> None:
    """What the end of `with manager` does to followed objects, which are the `values`; `at` numbers
    the statement."""
    if solver.record is None:
        return
    wrapper = _wrapper(solver, manager, activation)
    for value in values:
        if isinstance(value, Made) and wrapper != "contextlib.nullcontext":
            ending = "close" if wrapper is not None else _WITH_ENDS.get(value.kind.role, "release")
            if ending in value.kind.methods:
                closing = RawOperation(activation, at, value, ending, None)
                solver.record.operations.append(closing)


def _wrapper(solver: Solver, manager: f.Expr, activation: Activation) -> str | None:
    """What stands between a `with` and the object in it, and does something else at the end."""
    if isinstance(manager, f.Call):
        for value in solver.evaluate(manager.function, activation):
            if isinstance(value, Named) and value.path in _WRAPPERS:
                return value.path
    return None


_WRAPPERS = ("contextlib.closing", "contextlib.nullcontext")

_WITH_ENDS = {
    "connection": "close",
    "file": "close",
    "pool": "terminate",
    "executor": "shutdown",
}
"""By role, the method that the end of a `with` calls."""


def decorator_names(solver: Solver, decorator: f.Expr, activation: Activation) -> Iterable[str]:
    """How a decorator is called: the library name behind it, or its own text."""
    called = decorator.function if isinstance(decorator, f.Call) else decorator
    if isinstance(decorator, f.Call):
        for argument in decorator.arguments:
            solver.evaluate(argument.value, activation)
    if isinstance(called, f.Attribute) and called.name in ("setter", "getter", "deleter"):
        yield called.name
        return
    for value in solver.evaluate(called, activation):
        if isinstance(value, Named):
            yield value.path
        elif isinstance(value, (FunctionRef, ClassRef)):
            yield f"{OWN_DECORATOR}{value.name}"
        else:
            yield "?"
