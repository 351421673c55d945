"""What can cross the border between processes, and what cannot.

Only what is certain is said: an expression is unpicklable when everything that it can be is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mplint.catalog import things
from mplint.model import facts as f
from mplint.model.values import (
    NOTHING,
    Activation,
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
    Value,
    Values,
    sort_key,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

MAX_DEPTH = 4
"""Containers inside containers."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that cannot be pickled: at which expression it is given, what it is in words, and
    where it is made. `inherits` says that it may cross while a process is started."""

    at: Site
    what: str
    made: Site | None
    inherits: bool = False


class Pickling:
    """The questions about pickling, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def obstacle(self, expression: f.Expr, activation: Activation) -> Obstacle | None:
        """Why what an expression gives cannot be pickled; None when it can or may."""
        site = Site(activation.path, expression.at)
        for inner in _items(expression):
            found = self.obstacle(inner, activation)
            if found is not None:
                return found
        return self._of_values(self.program.values(expression, activation), site, 0)

    def _of_values(self, values: Values, site: Site, depth: int) -> Obstacle | None:
        if not values:
            return None
        found = [self._of_value(value, site, depth) for value in sorted(values, key=sort_key)]
        return found[0] if all(found) else None

    def _of_value(self, value: Value, site: Site, depth: int) -> Obstacle | None:
        match value:
            case FunctionRef(path=path, scope=scope, outer=outer, receiver=receiver):
                if receiver is not None and not isinstance(receiver, ClassRef):
                    return self._of_value(receiver, site, depth)
                what = _local_function(scope, outer)
                return Obstacle(site, what, Site(path, scope.at)) if what else None
            case ClassRef(path=path, scope=scope, outer=outer):
                if _is_function(outer):
                    what = f"the class `{scope.name}`, which is defined inside a function"
                    return Obstacle(site, what, Site(path, scope.at))
                return None
            case Instance(cls=cls):
                if _is_function(cls.outer) and not self.has_own_pickling(cls):
                    what = f"an object of `{cls.scope.name}`, a class defined inside a function"
                    return Obstacle(site, what, Site(cls.path, cls.scope.at))
                return None
            case Made(kind=kind, site=made):
                if kind.crosses == "pickle" or value.given:
                    return None
                return Obstacle(site, kind.noun, made, inherits=kind.crosses == "inherit")
            case Named(path=name):
                what = things.UNPICKLABLE_NAMES.get(name)
                return Obstacle(site, what, None) if what else None
            case Partial():
                return self._of_partial(value, site, depth)
            case Container():
                return self._of_container(value, site, depth)
            case Bound(receiver=receiver) if isinstance(receiver, Made):
                return self._of_value(receiver, site, depth)
        return None

    def _of_container(self, container: Container, site: Site, depth: int) -> Obstacle | None:
        if container.shape == "generator":
            return Obstacle(site, "a generator", container.site)
        if container.shape.startswith("dict_"):
            method = container.shape.removeprefix("dict_")
            return Obstacle(site, f"a view made by `.{method}()`", container.site)
        if depth >= MAX_DEPTH:
            return None
        cells = self.program.solver.cells
        places: list[object] = [("at", key) for key in self.program.solver.keys.get(container, ())]
        for place in [*sorted(places, key=repr), "any"]:
            found = self._of_values(cells.get((container, place), NOTHING), site, depth + 1)
            if found is not None:
                return found
        return None

    def _of_partial(self, partial: Partial, site: Site, depth: int) -> Obstacle | None:
        solver = self.program.solver
        function = solver.cells.get((partial, "function"), NOTHING)
        held = solver.intern(Container, "partial", partial.site, partial.context)
        return self._of_values(function, site, depth) or self._of_container(held, site, depth)

    def has_own_pickling(self, cls: ClassRef) -> bool:
        """Whether a class says itself how it is pickled."""
        solver = self.program.solver
        for ancestor in solver.ancestry(cls):
            if isinstance(ancestor, ClassRef):
                for name in ("__reduce__", "__reduce_ex__", "__getnewargs__"):
                    if (ancestor, name) in solver.cells:
                        return True
            elif not (isinstance(ancestor, Named) and ancestor.path in _PLAIN_BASES):
                return True
        return False

    def put_obstacle(self, put: Operation) -> Obstacle | None:
        """Why what a put sends cannot be pickled."""
        if put.kind.family not in ("process", "manager") or not put.crosses:
            return None
        if put.method.parameters[0] == "buf" or self.pickler(put) != "pickle":
            return None
        item = put.argument(put.method.parameters[0])
        return self.obstacle(item, put.activation) if item is not None else None

    # What is handed to a pool -------------------------------------------------------------------

    def task_parts(self, task: Operation) -> Iterator[f.Expr]:
        """The expressions that a task for a pool or executor is made of: the function, and its
        arguments as far as they are written out."""
        call = task.call
        if call is None:
            return
        given = [argument for argument in call.arguments if not argument.star]
        skipped = {"callback", "error_callback", "chunksize", "timeout", "buffersize", "executor"}
        for index, argument in enumerate(given):
            name = argument.keyword
            if name is None and index < len(task.method.parameters):
                name = task.method.parameters[index]
            if name in skipped:
                continue
            yield argument.value

    def task_obstacle(self, task: Operation) -> Obstacle | None:
        """Why a task cannot be sent to a worker of a pool."""
        if task.kind.family != "process" or not task.crosses:
            return None
        plain = self.pickler(task) == "pickle"
        delayed = task.method.tasks == "delayed"  # all tasks in one collection
        one_by_one = task.method.tasks in ("map", "starmap", "executor-map")
        for index, part in enumerate(self.task_parts(task)):
            if self._may_be_elsewhere(part, task):
                continue
            if delayed or (
                one_by_one and index
            ):  # the collection stays here, its elements are sent
                found = self._elements(part, task.activation)
            else:
                found = self.obstacle(part, task.activation)
            if found is not None and (plain or found.inherits):
                return found  # no pickler takes what can only be inherited
        return None

    def _may_be_elsewhere(self, part: f.Expr, task: Operation) -> bool:
        """Whether a parameter that is handed on may belong to calls in which there is no pool."""
        if not isinstance(part, f.Name):
            return False
        call = task.call
        function = call.function if call is not None else None
        owners = task.values(function.value) if isinstance(function, f.Attribute) else ()
        is_parameter = any(p.name == part.id for p in task.activation.scope.parameters)
        return is_parameter and any(isinstance(owner, Literal) for owner in owners)

    def _elements(self, expression: f.Expr, activation: Activation) -> Obstacle | None:
        site = Site(activation.path, expression.at)
        values = self.program.values(expression, activation)
        return self._of_values(self.program.solver.iterate(values, activation, 0), site, 1)

    def pickler(self, operation: Operation) -> str:
        """The pickler behind a queue or a pool."""
        receiver = operation.receiver
        library = receiver.library if isinstance(receiver, Made) else None
        return library.pickler if library is not None else "pickle"


_PLAIN_BASES = frozenset({"object", "Exception", "abc.ABC", "typing.Generic", "typing.NamedTuple"})


def _items(expression: f.Expr) -> Iterator[f.Expr]:
    """The items of a display, which are looked at one by one so that the right one is named."""
    match expression:
        case f.Display(items=items):
            yield from (item for item in items if not isinstance(item, f.Star))
        case f.DictDisplay(items=pairs):
            for key, item in pairs:
                if key is not None:
                    yield key
                yield item


def _is_function(activation: Activation | None) -> bool:
    """Whether something is defined inside a function, so that nobody can import it."""
    while activation is not None:
        if activation.scope.kind in ("function", "lambda"):
            return True
        activation = activation.outer
    return False


def _local_function(scope: f.Scope, outer: Activation | None) -> str | None:
    if scope.kind == "lambda":
        return "a lambda"
    if outer is not None and scope.name in outer.scope.global_names:
        return None  # it is a name of the module
    if _is_function(outer):
        return f"`{scope.name}`, a function defined inside another function"
    return None
