"""The variables of modules and classes: who sets them, who reads them, and in which process.

Under spawn and forkserver a child imports the modules again instead of inheriting them. It sees
what an import sets, and nothing of what its parent has set since then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from mplint import catalog
from mplint.model import facts as f
from mplint.model.nouns import MAIN, Worker
from mplint.model.state.assigning import assigned, is_lasting, is_path
from mplint.model.values import (
    Activation,
    ClassRef,
    Container,
    FunctionRef,
    Instance,
    Made,
    ModuleRef,
    Site,
    Value,
)

if TYPE_CHECKING:
    from mplint.model.program import Program

Variable: TypeAlias = "tuple[Activation | ClassRef, str]"
"""A name of a module or of a class that stands in one."""

MAX_CALLERS = 8
"""How far up the calls two places are followed to the function in which both happen."""

_ENOUGH = 2_000
"""Places that are looked at for one such answer."""


class Place(Struct, frozen=True):
    """An expression or step in one activation of the function around."""

    activation: Activation
    at: int

    @property
    def site(self) -> Site:
        return Site(self.activation.path, self.at)


class Read(Place, frozen=True):
    """A variable that is read, by `expression`; or an element or attribute of what it holds."""

    expression: f.Expr
    variable: Variable


class Write(Place, frozen=True):
    """A variable that is set. `value` is what to, where that has an expression; `step` is the
    statement."""

    value: f.Expr | None
    step: f.Step


CHANGING = frozenset(
    {
        "add",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "insert",
        "pop",
        "popitem",
        "remove",
        "set",  # of a context variable
        "setdefault",
        "update",
    }
)
"""Methods that change a list, dict or set."""

ADDING = CHANGING - {"clear", "discard", "pop", "popitem", "remove"}


class Globals:
    """The questions about variables of modules and classes, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._stored: dict[f.Scope, set[int]] = {}
        self._assignments: dict[f.Scope, list[tuple[f.Expr, f.Expr | None, f.Step]]] = {}
        self._above: dict[Place, dict[Activation, set[int]]] = {}

    # Who sets and reads -------------------------------------------------------------------------

    @cached_property
    def reads(self) -> dict[Variable, list[Read]]:
        """The places where each variable is read, in the order of the files and lines."""
        found: dict[Variable, list[Read]] = defaultdict(list)
        for activation in self._in_order:
            outline = self.program.outline(activation)
            named = [
                Read(activation, name.at, name, variable)
                for names in outline.names.values()
                for variable in self.variables(names[0], activation)  # the same for all of them
                for name in names
            ]
            named += [
                Read(activation, attribute.at, attribute, variable)
                for attributes in outline.attributes.values()
                for attribute in attributes
                for variable in self.variables(attribute, activation)
            ]
            stored = self.stored(activation) if named else ()
            for read in sorted(named, key=lambda read: read.at):
                if read.at not in stored:
                    found[read.variable].append(read)
        return found

    @cached_property
    def writes(self) -> dict[Variable, list[Write]]:
        """The places where each variable is set, in the order of the files and lines."""
        found: dict[Variable, list[Write]] = defaultdict(list)
        for activation in self._in_order:
            targets = list(self._assigned(activation))
            for step in f.steps(activation.scope.body):
                if isinstance(step, f.Define):
                    targets.append((f.Name(step.at, step.name), None, step))
            for target, value, step in sorted(targets, key=lambda each: each[2].at):
                for variable in self.variables(target, activation):
                    found[variable].append(Write(activation, target.at, value, step))
        return found

    def adds(self, change: Write) -> bool:
        """Whether a change of a container puts something in, rather than taking it out."""
        expression = self.program.outline(change.activation).expressions.get(change.at)
        if isinstance(expression, f.Call) and isinstance(expression.function, f.Attribute):
            return expression.function.name in ADDING
        return True

    @cached_property
    def changes(self) -> dict[Value, list[Write]]:
        """The places where each list, dict or object is changed: an element or attribute of it is
        set, or a method such as `append` is called."""
        found: dict[Value, list[Write]] = defaultdict(list)
        program = self.program
        for activation in self._in_order:
            for target, value, step in self._assigned(activation):
                for owner in self._changed_by(target, activation):
                    found[owner].append(Write(activation, target.at, value, step))
            outline = program.outline(activation)
            for at in outline.calls if CHANGING & outline.attributes.keys() else ():
                call = outline.expressions[at]
                function = call.function if isinstance(call, f.Call) else None
                if isinstance(function, f.Attribute) and function.name in CHANGING:
                    owners = program.values(function.value, activation)
                    step_of = outline.step_of(at)
                    for owner in owners if step_of is not None else ():
                        changed = isinstance(owner, Container) or function.name == "set"
                        if changed and step_of is not None:
                            found[owner].append(Write(activation, at, None, step_of))
        return found

    def _changed_by(self, target: f.Expr, activation: Activation) -> Iterator[Value]:
        if isinstance(target, f.Subscript):
            for owner in self.program.values(target.value, activation):
                if isinstance(owner, Container):
                    yield owner
        elif isinstance(target, f.Attribute):
            for owner in self.program.values(target.value, activation):
                if isinstance(owner, (Instance, Made, FunctionRef)):
                    yield owner
        elif isinstance(target, f.Name):  # `xs += [x]`
            step = self.program.outline(activation).step_of(target.at)
            if isinstance(step, f.Bind) and step.operator is not None:
                for owner in self.program.values(target, activation):
                    if isinstance(owner, Container):
                        yield owner

    @cached_property
    def _in_order(self) -> list[Activation]:
        return sorted(
            self.program.solver.activations,
            key=lambda activation: (str(activation.path), activation.scope.at, repr(activation)),
        )

    def stored(self, activation: Activation) -> set[int]:
        """The numbers of the names that a function assigns, rather than reads."""
        known = self._stored.get(activation.scope)
        if known is None:
            known = {target.at for target, _, _ in self._assigned(activation)}
            self._stored[activation.scope] = known
        return known

    def _assigned(self, activation: Activation) -> list[tuple[f.Expr, f.Expr | None, f.Step]]:
        """What a function assigns, what to, and the step."""
        scope = activation.scope
        known = self._assignments.get(scope)
        if known is None:
            inside = self.program.outline(activation).has_walrus
            known = self._assignments[scope] = [
                (target, value, step)
                for step in f.steps(scope.body)
                for target, value in assigned(step, inside=inside)
            ]
        return known

    def variables(self, expression: f.Expr, activation: Activation) -> Iterator[Variable]:
        """The variable that a name, `module.name` or `Class.name` means."""
        solver = self.program.solver
        if isinstance(expression, f.Name):
            cell = solver.variable(activation, expression.id)
            if cell is not None and is_lasting(cell[0]):
                yield cell
        elif isinstance(expression, f.Attribute) and is_path(expression.value):
            for owner in self.program.values(expression.value, activation):
                if isinstance(owner, ModuleRef) and owner.path in solver.modules:
                    yield (solver.modules[owner.path], expression.name)
                elif isinstance(owner, (ClassRef, Instance)):
                    yield from self._of_class(owner, expression.name)

    def _of_class(self, owner: ClassRef | Instance, name: str) -> Iterator[Variable]:
        """The class attribute behind `Class.name`, or `self.name` where the object has none of its
        own."""
        solver = self.program.solver
        if isinstance(owner, Instance):
            if (owner, name) in solver.cells:
                return
            owner = owner.cls
        for cls in solver.ancestry(owner):
            if isinstance(cls, ClassRef) and (cls, name) in solver.cells and is_lasting(cls):
                yield (cls, name)
                return

    @cached_property
    def hidden(self) -> frozenset[Path]:
        """The files that set or look for names in a way that nobody can follow: `globals()`."""
        found = set()
        for path, file in self.program.solver.files.items():
            for scope in file.scopes:
                if any(
                    isinstance(each, f.Name) and each.id == "globals"
                    for each in f.evaluated(scope.body)
                ):
                    found.add(path)
        return frozenset(found)

    # Where it runs ------------------------------------------------------------------------------

    @cached_property
    def workers(self) -> list[Worker]:
        """The workers that certainly run in processes of their own, to which functions go by name:
        dill and cloudpickle send the variables along."""
        program = self.program
        threads = {
            site for w in program.workers if w.kind.family != "process" for site in w.launched_at
        }
        return [
            worker
            for worker in program.processes
            if not threads & set(worker.launched_at)
            and self._is_by_name(worker)
            and not self._is_set_up_unseen(worker)
        ]

    def _is_by_name(self, worker: Worker) -> bool:
        holder = worker.holder
        library = holder.library if isinstance(holder, Made) else None
        if isinstance(holder, Instance):
            base = self.program.solver.base_name(holder.cls)
            found = catalog.library(base.path) if base is not None else None
            library = found[0] if found is not None else None
        return library is None or library.pickler == "pickle"

    def _is_set_up_unseen(self, worker: Worker) -> bool:
        """Whether a pool has an initializer that is not known: it may set anything."""
        holder = worker.holder
        if not worker.in_pool or not isinstance(holder, Made):
            return False
        if any(w.how == "initializer" for w in self.program.processes_of(holder)):
            return False
        index = holder.kind.parameters.index("initializer")
        for activation in self.program.activations_at(holder.site):
            call = self.program.outline(activation).expressions.get(holder.site.at)
            if not isinstance(call, f.Call):
                return True
            for position, argument in enumerate(call.arguments):
                named = argument.keyword == "initializer" or argument.star
                if named or (argument.keyword is None and position == index):
                    if not (isinstance(argument.value, f.Constant)):
                        return True
        return False

    def workers_at(self, activation: Activation) -> list[Worker]:
        """The workers whose processes run a function."""
        order = self._order
        runners = self.program.runners(activation)
        found = (runner for runner in runners if not isinstance(runner, str) and runner in order)
        return sorted(found, key=order.__getitem__)

    @cached_property
    def _order(self) -> dict[Worker, int]:
        return {worker: number for number, worker in enumerate(self.workers)}

    @cached_property
    def _imported(self) -> frozenset[Activation]:
        """The functions that run while a module is imported."""
        program = self.program
        todo = [
            callee
            for (caller, at), callees in list(program.callees_at.items())
            if caller.scope.kind in ("module", "class") and self._is_unguarded(caller, at)
            for callee in callees
        ]
        for caller in list(program.solver.activations):
            for step in f.steps(caller.scope.body):
                if isinstance(step, f.Define):
                    for decorator in step.decorators:
                        todo += self._decorating(decorator, caller)
        return frozenset(program.below(*todo))

    def _decorating(self, decorator: f.Expr, activation: Activation) -> Iterator[Activation]:
        called = decorator.function if isinstance(decorator, f.Call) else decorator
        for value in self.program.values(called, activation):
            if isinstance(value, FunctionRef):
                yield from self.program.activations(value.scope)
                for inner in list(self.program.solver.activations):
                    if inner.outer is not None and inner.outer.scope is value.scope:
                        yield inner

    def _is_unguarded(self, activation: Activation, at: int) -> bool:
        outer: Activation | None = activation
        while outer is not None and outer.scope.kind == "class":
            if outer.outer is not None:
                at = self.program.outline(outer.outer).defined_at(outer.scope)
            outer = outer.outer
        if outer is None or outer.scope.kind != "module":
            return False
        startup = self.program.startup
        return not startup.is_guarded(outer, at) or startup.is_dead(outer, at)

    def is_defined_by_import(self, activation: Activation) -> bool:
        """Whether a function is there after an import of its module: it does not stand under the
        main guard, nor do the functions and classes around it."""
        inner, outer = activation, activation.outer
        while outer is not None and outer.scope.kind != "module":
            inner, outer = outer, outer.outer
        if outer is None:
            return True
        return self._is_unguarded(outer, self.program.outline(outer).defined_at(inner.scope))

    def is_at_import(self, place: Place) -> bool:
        """Whether a place runs when its module is imported, so in every child as well."""
        return place.activation in self._imported or self._is_unguarded(place.activation, place.at)

    def is_in_parent_only(self, place: Place) -> bool:
        """Whether only the process that the program begins in comes to a place, after its imports:
        under the main guard, or in a function that no child and no import calls."""
        return not self.is_at_import(place) and self.program.runners(place.activation) == {MAIN}

    def start_methods(self, worker: Worker) -> tuple[str, ...]:
        """The start methods that a worker may have under which it imports everything again."""
        methods = self.program.methods_of(worker.holder)
        importing = tuple(method for method in methods if method != "fork")
        if importing and self.program.departing.is_forked_only(worker):
            return ()
        failing = self.program.departing.failing_imports(worker) if importing else ()
        return tuple(method for method in importing if method not in failing)

    # What comes first ---------------------------------------------------------------------------

    def starts(self, worker: Worker) -> list[Place]:
        """Where the processes of a worker are started, or its tasks handed over."""
        starts = [Place(o.activation, o.at) for o in worker.operations("start")]
        return starts or [Place(edge.caller, edge.at) for edge in worker.edges]

    def comes_before(self, one: Place, other: Place) -> bool | None:
        """Whether a place is come to before another: True when some function, in which the parent
        does both after its imports, has them in this order; False when the only order seen is the
        other one; None when they do not meet."""
        seen: bool | None = None
        above, below = self._reached_from(one), self._reached_from(other)
        for activation in above.keys() & below.keys():
            outline = self.program.outline(activation)
            for first in above[activation]:
                for second in below[activation]:
                    if first == second or outline.exclude(first, second):
                        continue
                    if activation.scope.kind == "module":
                        if self._is_unguarded(activation, first):
                            continue
                    elif activation in self._imported:
                        continue
                    if outline.precedes(first, second):
                        return True
                    seen = False
        return seen

    def _reached_from(self, place: Place) -> dict[Activation, set[int]]:
        """The functions that lead to a place, and at which of their expressions."""
        known = self._above.get(place)
        if known is None:
            known = self._above[place] = {place.activation: {place.at}}
            todo = [(place.activation, 0)]
            looked = 0
            while todo and looked < _ENOUGH:
                activation, depth = todo.pop(0)
                looked += 1
                for edge in self.program.callers[activation]:
                    elsewhere = edge.launch is not None
                    if depth < MAX_CALLERS and not elsewhere:
                        ats = known.setdefault(edge.caller, set())
                        if edge.at not in ats:
                            ats.add(edge.at)
                            todo.append((edge.caller, depth + 1))
        return known
