"""What an object certainly holds at some time: the attributes that its `__init__` has set.

What is set elsewhere may be set later, or by the child that the object has been sent to.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint import catalog
from mplint.catalog import python
from mplint.model import facts as f
from mplint.model.values import (
    NOTHING,
    Activation,
    ClassRef,
    Container,
    FunctionRef,
    Instance,
    Made,
    Named,
    Site,
)

if TYPE_CHECKING:
    from mplint.model.program import Program


class Attribute(Struct, frozen=True):
    """An assignment to an attribute of `self`, in a function of the class."""

    name: str
    value: f.Expr
    site: Site
    scope: f.Scope

    @property
    def is_given(self) -> bool:
        """Whether it is set to what the function is given as a parameter."""
        names = {parameter.name for parameter in self.scope.parameters}
        return isinstance(self.value, f.Name) and self.value.id in names


class Attributes:
    """The questions about attributes, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def is_own(self, cls: ClassRef) -> bool:
        """Whether a class says itself what of its objects is pickled."""
        return any(
            isinstance(ancestor, ClassRef)
            and any((ancestor, name) in self.program.solver.cells for name in _STATE_METHODS)
            for ancestor in self.program.solver.ancestry(cls)
        )

    def held(
        self, instance: Instance, activation: Activation | None, at: int
    ) -> Iterator[Attribute]:
        """The attributes that an object certainly has been given when a place of the program is
        reached: those that its `__init__` sets in any case, and those that the function around the
        place sets before it."""
        deleted = self._deleted(instance.cls)
        seen = set()
        for scope, path, setting_up in self._setters(instance, activation):
            for attribute in self._assigned(scope, path):
                if attribute.name in deleted or attribute.name in seen:
                    continue
                if self._is_before(scope, attribute.site.at, activation, at, setting_up):
                    seen.add(attribute.name)
                    yield attribute

    def is_initial(self, activation: Activation, cls: ClassRef) -> bool:
        """Whether a function is the `__init__` of a class or of a base of it."""
        return any(scope is activation.scope for scope, _ in self._initials(cls))

    def collected(
        self, instance: Instance, process: Made, activation: Activation | None, at: int
    ) -> str | None:
        """The attribute in which an object collects processes that are made and started in loops;
        None when there is none."""
        if activation is None or not self.program.outline(activation).loops(at):
            return None
        made_at = self.program.made.get(process, ())
        if not made_at or not all(
            self.program.outline(maker).loops(place) for maker, place in made_at
        ):
            return None
        cells = self.program.solver.cells
        for (owner, name), values in cells.items():
            if owner is instance and isinstance(name, str) and name not in _OWN_CELLS:
                if all(isinstance(value, Container) for value in values) and any(
                    process in cells.get((value, "all"), NOTHING) for value in values
                ):
                    return name
        return None

    # Functions that set -------------------------------------------------------------------------

    def _setters(
        self, instance: Instance, activation: Activation | None
    ) -> Iterator[tuple[f.Scope, Path, bool]]:
        initial = list(self._initials(instance.cls))
        for scope, path in initial:
            yield scope, path, True
        if activation is not None and self.program.is_method(activation):
            receivers = self._receivers(activation)
            known = any(scope is activation.scope for scope, _ in initial)
            if instance in receivers and not known:
                yield activation.scope, activation.path, False

    def _receivers(self, activation: Activation) -> frozenset[object]:
        parameters = activation.scope.parameters
        if not parameters:
            return frozenset()
        return frozenset(self.program.solver.cells.get((activation, parameters[0].name), NOTHING))

    def _initials(self, cls: ClassRef) -> Iterator[tuple[f.Scope, Path]]:
        """The `__init__` of a class, and those of its bases that it calls."""
        for ancestor in self.program.solver.ancestry(cls):
            if not isinstance(ancestor, ClassRef):
                continue
            functions = self.program.solver.cells.get((ancestor, "__init__"), NOTHING)
            for function in functions:
                if isinstance(function, FunctionRef):
                    yield function.scope, function.path
            if functions and not all(
                isinstance(function, FunctionRef) and _calls_base(function.scope)
                for function in functions
            ):
                return

    def _assigned(self, scope: f.Scope, path: Path) -> Iterator[Attribute]:
        """The attributes of `self` that a function sets on every way through it."""
        if not scope.parameters:
            return
        this = scope.parameters[0].name
        for step in certain(scope.body):
            if isinstance(step, f.Bind) and step.value is not None and step.operator is None:
                for target, value in _pairs(step):
                    if isinstance(target, f.Attribute) and isinstance(target.value, f.Name):
                        if target.value.id == this:
                            yield Attribute(target.name, value, Site(path, step.at), scope)

    def _deleted(self, cls: ClassRef) -> set[str]:
        """The attributes that some method deletes."""
        found = set()
        for ancestor in self.program.solver.ancestry(cls):
            if isinstance(ancestor, ClassRef):
                file = self.program.solver.files.get(ancestor.path)
                for scope in file.scopes if file is not None else ():
                    if scope.parent != ancestor.scope.index:
                        continue
                    for step in f.steps(scope.body):
                        if isinstance(step, f.Forget):
                            found |= {t.name for t in step.targets if isinstance(t, f.Attribute)}
        return found

    def _is_before(
        self, scope: f.Scope, at: int, activation: Activation | None, place: int, setting_up: bool
    ) -> bool:
        """Whether an assignment has been made when a place is reached. What `__init__` calls may
        be reached before it has come to its end."""
        if activation is None:
            return True
        if activation.scope is scope:
            return at < place
        if not setting_up:
            return False
        return all(
            at < edge.at
            for edge in self.program.callers[activation]
            if edge.launch is None and edge.caller.scope is scope
        )


def certain(block: f.Block) -> Iterator[f.Step]:
    """The steps of a block that are reached on every way through it."""
    for step in block:
        yield step
        if isinstance(step, (f.With, f.Try)):
            yield from certain(step.body)


def _pairs(step: f.Bind) -> Iterator[tuple[f.Expr, f.Expr]]:
    """What an assignment assigns to what, as far as that is written out."""
    assert step.value is not None
    for target in step.targets:
        if isinstance(target, f.Display) and isinstance(step.value, f.Display):
            if len(target.items) == len(step.value.items):
                yield from zip(target.items, step.value.items, strict=True)
        else:
            yield target, step.value


def _calls_base(scope: f.Scope) -> bool:
    return any(
        isinstance(step, f.Evaluate)
        and isinstance(step.value, f.Call)
        and isinstance(step.value.function, f.Attribute)
        and step.value.function.name == "__init__"
        for step in f.steps(scope.body)
    )


def is_plain_base(base: Named) -> bool:
    """Whether a class of a library adds nothing to how its subclasses are pickled."""
    if base.path in _PLAIN_BASES or base.path in python.EXCEPTIONS:
        return True
    return isinstance(catalog.find(base.path), catalog.Maker)


_STATE_METHODS = ("__getstate__", "__reduce__", "__reduce_ex__", "__getnewargs__", "__setattr__")

_PLAIN_BASES = frozenset({"object", "Exception", "abc.ABC", "typing.Generic", "typing.NamedTuple"})

_OWN_CELLS = frozenset({"target", "args", "kwargs", "item", "context"})
"""What the model notes of library objects, under names that attributes can have."""
