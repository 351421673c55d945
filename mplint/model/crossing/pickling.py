"""What can cross the border between processes, and what cannot.

Only what is certain is said: an expression is unpicklable when everything that it can be is.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from mplint import budget, catalog
from mplint.catalog import things
from mplint.model import facts as f
from mplint.model.crossing.attributes import Attribute, Attributes, is_plain_base
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
    ModuleRef,
    Named,
    Partial,
    Site,
    Value,
    Values,
    sort_key,
)

if TYPE_CHECKING:
    from mplint.model.crossing.handover import Handover
    from mplint.model.nouns import Operation, Worker
    from mplint.model.program import Program

MAX_DEPTH = 4
"""Containers inside containers."""


class Obstacle(Struct, frozen=True):
    """Something that cannot be pickled: at which expression it is given, what it is in words, and
    where it is made. `inherits` says that it may cross while a process is started, `held` where an
    attribute gets it, and `owner` that the attribute is one of the object behind a bound method,
    and of which class that is."""

    at: Site
    what: str
    made: Site | None
    inherits: bool = False
    held: Site | None = None
    owner: str | None = None


class Moment(Struct, frozen=True):
    """When something is pickled: at a place, and for a process that is being started (`holder`),
    which may inherit locks and queues, or for one that runs."""

    activation: Activation | None = None
    at: int = 0
    holder: Value | None = None

    @property
    def starts(self) -> bool:
        return self.holder is not None


RUNNING = Moment()


class Pickling:
    """The questions about pickling, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.attributes = Attributes(program)
        self._asked: set[Value] = set()  # guards against objects that hold themselves
        # what the question in hand has found out: the next one may find another way into a circle
        self._known: dict[tuple[Value, int], Obstacle | None] = {}

    def obstacle(
        self, expression: f.Expr, activation: Activation, moment: Moment = RUNNING
    ) -> Obstacle | None:
        """Why what an expression gives cannot be pickled; None when it can or may."""
        self._known.clear()
        return self._of_expression(expression, activation, moment)

    def of_object(self, instance: Instance, moment: Moment) -> Obstacle | None:
        """Why an object of a class of the program cannot be pickled: an attribute of it."""
        self._known.clear()
        return self._of_attributes(instance, Site(instance.cls.path, 0), 0, moment)

    def _of_expression(
        self, expression: f.Expr, activation: Activation, moment: Moment
    ) -> Obstacle | None:
        site = Site(activation.path, expression.at)
        for inner in _items(expression):
            found = self._of_expression(inner, activation, moment)
            if found is not None:
                return found
        return self._of_values(self.program.values(expression, activation), site, 0, moment)

    def _of_values(self, values: Values, site: Site, depth: int, moment: Moment) -> Obstacle | None:
        first: Obstacle | None = None
        for value in sorted(values, key=sort_key):
            found = self._of_value(value, site, depth, moment)
            if found is None:
                return None
            first = first or found
        return first

    def _of_value(self, value: Value, site: Site, depth: int, moment: Moment) -> Obstacle | None:
        """Why one value cannot be pickled. What holds others may be met on many ways, and holds
        the same on each."""
        if not isinstance(value, (Container, Instance, Partial)) or value in self._asked:
            return self._of_one(value, site, depth, moment)
        key = (value, depth)
        if key not in self._known:
            self._known[key] = self._of_one(value, site, depth, moment)
        found = self._known[key]
        return found and replace(found, at=site)

    def _of_one(self, value: Value, site: Site, depth: int, moment: Moment) -> Obstacle | None:
        budget.spend()
        match value:
            case FunctionRef(path=path, scope=scope, outer=outer, receiver=receiver):
                if receiver is not None and not isinstance(receiver, ClassRef):
                    found = self._of_value(receiver, site, depth, moment)
                    if found is None or found.held is None or not isinstance(receiver, Instance):
                        return found
                    return replace(found, owner=found.owner or receiver.cls.name)
                what = self._local_function(scope, outer)
                return Obstacle(site, what, Site(path, scope.at)) if what else None
            case ClassRef(path=path, scope=scope, outer=outer):
                if _is_function(outer):
                    what = f"the class `{scope.name}`, which is defined inside a function"
                    return Obstacle(site, what, Site(path, scope.at))
                return None
            case Instance(cls=cls):
                return self._of_instance(value, cls, site, depth, moment)
            case Made():
                return self._of_made(value, site, moment)
            case Named(path=name):
                what = things.UNPICKLABLE_NAMES.get(name)
                return Obstacle(site, what, None) if what else None
            case ModuleRef():
                return Obstacle(site, "a module", None)
            case Partial():
                return self._of_partial(value, site, depth, moment)
            case Container():
                return self._of_container(value, site, depth, moment)
            case Bound(receiver=receiver) if isinstance(receiver, Made):
                return self._of_value(receiver, site, depth, moment)
        return None

    def _of_made(self, made: Made, site: Site, moment: Moment) -> Obstacle | None:
        kind = made.kind
        if kind.crosses == "pickle" or made.given:
            return None
        if moment.starts and (kind.crosses == "inherit" or kind.role == "process"):
            if kind.family != "thread":
                return None  # a process can be pickled as long as it has not been started
        return Obstacle(site, kind.noun, made.site, inherits=kind.crosses == "inherit")

    def _of_container(
        self, container: Container, site: Site, depth: int, moment: Moment
    ) -> Obstacle | None:
        if container.shape == "generator":
            return Obstacle(site, "a generator", container.site)
        if container.shape.startswith("dict_"):
            if self._has_managers:
                return None  # these teach pickle how to take views
            method = container.shape.removeprefix("dict_")
            return Obstacle(site, f"a view made by `.{method}()`", container.site)
        if depth >= MAX_DEPTH:
            return None
        cells = self.program.solver.cells
        places: list[object] = [("at", key) for key in self.program.solver.keys.get(container, ())]
        for place in [*sorted(places, key=repr), "any"]:
            held = cells.get((container, place), NOTHING)
            found = self._of_values(held, site, depth + 1, moment)
            if found is not None:
                return found
        return None

    @cached_property
    def _has_managers(self) -> bool:
        return any(made.kind.role == "manager" for made in self.program.made)

    def _of_partial(
        self, partial: Partial, site: Site, depth: int, moment: Moment
    ) -> Obstacle | None:
        solver = self.program.solver
        function = solver.cells.get((partial, "function"), NOTHING)
        held = solver.intern(Container, "partial", partial.site, partial.context)
        return self._of_values(function, site, depth, moment) or self._of_container(
            held, site, depth, moment
        )

    def _local_function(self, scope: f.Scope, outer: Activation | None) -> str | None:
        if scope.kind == "lambda":
            return "a lambda"
        if outer is not None and scope.name in outer.scope.global_names:
            return None  # it is a name of the module
        if self.program.solver.decorations.get(scope):
            return None  # `functools.wraps` gives it the name of another one
        if _is_function(outer):
            return f"`{scope.name}`, a function defined inside another function"
        return None

    # Objects ------------------------------------------------------------------------------------

    def _of_instance(
        self, instance: Instance, cls: ClassRef, site: Site, depth: int, moment: Moment
    ) -> Obstacle | None:
        kind = self.program.solver.kind_of(instance)
        if self.has_own_pickling(cls):
            return None
        if _is_function(cls.outer):
            what = f"an object of `{cls.scope.name}`, a class defined inside a function"
            return Obstacle(site, what, Site(cls.path, cls.scope.at))
        if kind is not None and not (moment.starts and kind.family != "thread"):
            if kind.crosses != "pickle":
                what = f"an object of `{cls.scope.name}`, which is {kind.noun}"
                return Obstacle(site, what, Site(cls.path, cls.scope.at), kind.crosses == "inherit")
        if kind is not None and instance is not moment.holder:
            return None
        return self._of_attributes(instance, site, depth, moment)

    def _of_attributes(
        self, instance: Instance, site: Site, depth: int, moment: Moment
    ) -> Obstacle | None:
        """The attribute of an object that cannot be pickled: one that certainly has been set."""
        cls = instance.cls
        if instance in self._asked or depth >= MAX_DEPTH or self.attributes.is_own(cls):
            return None
        self._asked.add(instance)
        try:
            for attribute in self.attributes.held(instance, moment.activation, moment.at):
                found = self._of_attribute(instance, attribute, site, depth, moment)
                if found is not None:
                    what = f"`{attribute.name}` of a `{cls.name}`, {found.what}"
                    made = found.made or attribute.site
                    return replace(found, at=site, what=what, made=made, held=attribute.site)
        finally:
            self._asked.discard(instance)
        return self._of_processes(instance, site, moment)

    def _of_attribute(
        self, instance: Instance, attribute: Attribute, site: Site, depth: int, moment: Moment
    ) -> Obstacle | None:
        values = self.program.solver.cells.get((instance, attribute.name), NOTHING)
        containers = [value for value in values if isinstance(value, Container)]
        if not containers:
            found = self._of_values(values, site, depth + 1, moment)
            # what callers elsewhere give says nothing of those that nobody sees
            made = found.made if found is not None else None
            foreign = made is not None and made.path != attribute.site.path
            return None if foreign and attribute.is_given else found
        if len(values) > 1 or containers[0].shape == "iterator":
            return None
        if containers[0].shape == "generator":
            return self._of_values(values, site, depth + 1, moment)
        # what is put in later may be put in by the child: only what stands there counts
        for activation in self.program.activations(attribute.scope):
            for inner in _written(attribute.value):
                found = self._of_expression(inner, activation, moment)
                if found is not None:
                    return found
        return None

    def _of_processes(self, instance: Instance, site: Site, moment: Moment) -> Obstacle | None:
        """The processes that an object collects: as soon as the first one is started, the others
        cannot be, as the object goes along with each."""
        holder = moment.holder
        if not isinstance(holder, Made) or holder.kind.role != "process":
            return None
        started = self.attributes.collected(instance, holder, moment.activation, moment.at)
        if started is None:
            return None
        what = f"`{started}` of a `{instance.cls.name}`, which holds processes that run already"
        return Obstacle(site, what, holder.site, held=holder.site)

    def has_own_pickling(self, cls: ClassRef) -> bool:
        """Whether a class says itself how it is pickled, or one of its bases may."""
        solver = self.program.solver
        for ancestor in solver.ancestry(cls):
            if isinstance(ancestor, ClassRef):
                for name in ("__reduce__", "__reduce_ex__", "__getnewargs__"):
                    if (ancestor, name) in solver.cells:
                        return True
            elif not (isinstance(ancestor, Named) and is_plain_base(ancestor)):
                return True
        return False

    def put_obstacle(self, put: Operation) -> Obstacle | None:
        """Why what a put sends cannot be pickled."""
        if put.kind.family not in ("process", "manager") or not put.crosses:
            return None
        if put.method.parameters[0] == "buf" or self.pickler(put) != "pickle":
            return None
        item = put.argument(put.method.parameters[0])
        moment = Moment(put.activation, put.at)
        return self.obstacle(item, put.activation, moment) if item is not None else None

    # What is given to a process that is started -------------------------------------------------

    def start_obstacle(self, given: Handover) -> Obstacle | None:
        """Why what a process is given cannot be pickled, as it is where a process is spawned."""
        library = given.library
        if given.task is not None or (library is not None and library.pickler != "pickle"):
            return None
        if given.kind.role == "process" and not given.index and not self._is_started(given.holder):
            return None
        moment = self._moment(given)
        for part in (given.function, given.packed, given.named):
            if part is not None:
                found = self.obstacle(part, given.activation, moment)
                if found is not None:
                    return found
        return None

    def _is_started(self, process: Value) -> bool:
        """Whether a process is started, as far as we see, or may be where we do not."""
        if process in self.program.solver.escapes or isinstance(process, Instance):
            return True
        return bool(self.program.done_to(process, "start"))

    def _moment(self, given: Handover) -> Moment:
        """When the process is started: at its `start()`, where there is one."""
        starts = self.program.done_to(given.holder, "start")
        if len(starts) == 1 and given.kind.role == "process":
            return Moment(starts[0].activation, starts[0].at, given.holder)
        return Moment(given.activation, given.call.at, given.holder)

    def self_obstacle(self, worker: Worker) -> Obstacle | None:
        """Why an object of a class of processes cannot be pickled: it is when it is started."""
        holder = worker.holder
        if worker.how != "run" or not isinstance(holder, Instance):
            return None
        library = self.program.solver.base_name(holder.cls)
        found = catalog.library(library.path) if library is not None else None
        if found is None or found[0].pickler != "pickle":
            return None
        if _is_function(holder.cls.outer) and not self.has_own_pickling(holder.cls):
            site = Site(holder.cls.path, holder.cls.scope.at)
            what = f"its class `{holder.cls.scope.name}`, which is defined inside a function"
            return Obstacle(site, what, None, held=site)
        starts = worker.operations("start")
        if len(starts) == 1:
            return self.of_object(holder, Moment(starts[0].activation, starts[0].at, holder))
        if any(self.attributes.is_initial(o.activation, holder.cls) for o in starts):
            return None
        return self.of_object(holder, Moment(None, 0, holder))

    def start_methods(self, holder: Value) -> tuple[str, ...]:
        """The start methods that may be in force for a process, and under which it is pickled."""
        methods = self.program.methods_of(holder)
        return tuple(method for method in methods if method != "fork")

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
            # the collection stays here, its elements are sent
            if delayed or (one_by_one and index):
                found = self._elements(part, task)
            else:
                found = self.obstacle(part, task.activation, Moment(task.activation, task.at))
            if found is not None and (plain or found.inherits):
                return found  # no pickler takes what can only be inherited
        return None

    def _may_be_elsewhere(self, part: f.Expr, task: Operation) -> bool:
        """Whether a parameter that is handed on may belong to calls in which there is no pool."""
        if not task.sure and not self.program.standins.is_taken(task):
            given = {parameter.name for parameter in task.activation.scope.parameters}
            return any(isinstance(e, f.Name) and e.id in given for e in f.within(part))
        if not isinstance(part, f.Name):
            return False
        call = task.call
        function = call.function if call is not None else None
        owners = task.values(function.value) if isinstance(function, f.Attribute) else ()
        is_parameter = any(p.name == part.id for p in task.activation.scope.parameters)
        return is_parameter and any(isinstance(owner, Literal) for owner in owners)

    def _elements(self, expression: f.Expr, task: Operation) -> Obstacle | None:
        site = Site(task.activation.path, expression.at)
        values = self.program.values(expression, task.activation)
        held = self.program.solver.iterate(values, task.activation, 0)
        self._known.clear()
        return self._of_values(held, site, 1, Moment(task.activation, task.at))

    def pickler(self, operation: Operation) -> str:
        """The pickler behind a queue or a pool."""
        library = self.program.library_of(operation.receiver)
        return library.pickler if library is not None else "pickle"


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


def _written(expression: f.Expr) -> Iterator[f.Expr]:
    """What a container is made with."""
    yield from _items(expression)
    if isinstance(expression, f.Comprehension):
        yield expression.element
