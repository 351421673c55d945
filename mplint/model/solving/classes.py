"""Classes of the program and their instances: how these are made, and what their attributes are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from mplint import catalog
from mplint.model import facts as f
from mplint.model.solving import calls, intrinsics
from mplint.model.solving.binding import TRANSPARENT
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
    Super,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.solving.calls import Arguments, CallSite
    from mplint.model.solving.solve import Solver

OWN_DECORATOR = "own "
"""What the name of a decorator begins with that is a function or class of the project."""


def instantiate(solver: Solver, cls: ClassRef, site: CallSite, given: Arguments) -> Values:
    """`Class(...)`: a new object, its `__init__`, and what its library base class does."""
    at = calls.site_of(site) if cls.scope in solver.policy.classes else None
    instance = solver.intern(Instance, cls, at)
    found = attribute(solver, instance, "__init__", site.activation, site.at)
    initializers = [method for method in found if isinstance(method, (FunctionRef, Bound))]
    if not solver.closing and _awaits_initializer(solver, cls):
        return NOTHING
    if not _is_called_plainly(solver, cls):
        given = replace(given, written=False)
    if initializers and not any(
        isinstance(method, Bound) or calls.fits(solver, method, site, given)
        for method in initializers
    ):
        return NOTHING  # no object comes out of that
    solver.instances.setdefault(cls, set()).add(instance)
    if solver.record is not None:
        solver.record.made.setdefault((site.activation, site.at), set()).add(instance)
    inner = calls.CallSite(site.activation, site.at, site.expression)
    for method in initializers:
        calls.call(solver, method, inner, given)
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
    from mplint.model.solving.solve import BASES

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
                site = calls.CallSite(outer.outer or outer, outer.scope.at, None)
                intrinsics.made_by_subclass(solver, receiver, maker, site, calls.Arguments())
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
                return inherited or _delegated(solver, value, name, activation, at)
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


def _delegated(
    solver: Solver, instance: Instance, name: str, activation: Activation, at: int
) -> Values:
    """What `__getattr__` passes on to an object behind this one."""
    found: set[Value] = set()
    if instance in solver.calling:
        return NOTHING  # two that ask each other have no answer
    solver.calling.add(instance)
    try:
        for behind in _behind(solver, instance):
            for inner in solver.read((instance, behind)):
                found |= attribute(solver, inner, name, activation, at)
    finally:
        solver.calling.discard(instance)
    return frozenset(found)


def _behind(solver: Solver, instance: Instance) -> set[str]:
    """The attributes in which an object has the one that it passes everything on to."""
    for cls in solver.ancestry(instance.cls):
        methods = solver.read((cls, "__getattr__")) if isinstance(cls, ClassRef) else None
        if methods or methods is None:
            names = (_passed_on(m.scope) for m in methods or () if isinstance(m, FunctionRef))
            return {name for name in names if name is not None}
    return set()


def _passed_on(scope: f.Scope) -> str | None:
    """The attribute of the object that a `__getattr__` asks for everything, if that is all that it
    does: `return getattr(self.inner, name)`."""
    names = [parameter.name for parameter in scope.parameters]
    match scope.body[-1:]:
        case [
            f.Leave(
                kind="return",
                value=f.Call(
                    function=f.Name(id="getattr"),
                    arguments=(
                        f.Argument(value=f.Attribute(value=f.Name(id=owner), name=behind)),
                        f.Argument(value=f.Name(id=asked)),
                    ),
                ),
            )
        ] if names == [owner, asked]:
            return behind if all(_is_text(step) for step in scope.body[:-1]) else None
    return None


def _is_text(step: f.Step) -> bool:
    return isinstance(step, f.Evaluate) and isinstance(step.value, (f.Constant, f.Text))


def _loaded(solver: Solver, value: Deferred) -> Values:
    from mplint.model.solving.solve import LOADED

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
        return calls.call(solver, bound, calls.CallSite(activation, at, None), calls.Arguments())
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
    site = calls.CallSite(activation, at, None)
    for value in values:
        match value:
            case Made():
                found.add(DATA if value.kind.role == "lock" else value)
                if solver.record is not None and "acquire" in value.kind.methods:
                    solver.record.operations.append(
                        calls.RawOperation(activation, at, value, "acquire", None)
                    )
            case Instance():
                entered: Values = NOTHING
                for method in attribute(solver, value, "__enter__", activation, at):
                    if isinstance(method, (FunctionRef, Bound)):
                        entered |= calls.call(solver, method, site, calls.Arguments())
                    else:
                        entered |= JUST_UNKNOWN
                for method in attribute(solver, value, "__exit__", activation, at):
                    if isinstance(method, FunctionRef):
                        given = calls.Arguments([JUST_DATA, JUST_DATA, JUST_DATA])
                        calls.call(solver, method, site, given)
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
                closing = calls.RawOperation(activation, at, value, ending, None)
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
