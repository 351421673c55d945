"""The program: which code runs in which process, and what passes between them.

Every question is answered three-valued: True, False, or None for "not known".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Any

from mplint import catalog
from mplint.catalog import Library
from mplint.diagnostics import START_METHODS
from mplint.model import facts as f
from mplint.model.nouns import MAIN, Channel, Operation, Runner, Runners, Worker
from mplint.model.outline import Outline
from mplint.model.paths.quiet import Quiet
from mplint.model.questions import Questions
from mplint.model.solving import calls
from mplint.model.solving.solve import Cell, Record, Solver
from mplint.model.values import (
    DATA,
    NOTHING,
    UNKNOWN,
    Activation,
    ClassRef,
    Container,
    FunctionRef,
    Instance,
    Literal,
    Made,
    Site,
    Value,
    Values,
    sort_key,
)

MAX_CALLERS = 4
"""How far up the calls we look for the function in which both ends of a question meet."""

MAX_NESTING = 3
"""Containers inside containers, where we look for objects in attributes."""


class Program(Questions):
    """A solved program."""

    def __init__(self, solver: Solver, record: Record, root: Path) -> None:
        self.program = self
        self.solver = solver
        self.root = root
        self.record = record
        self.overrun = solver.overrun
        self.forget_values()
        self.operations: list[Operation] = []
        self.on: dict[Value, list[Operation]] = defaultdict(list)
        self.operations_at: dict[tuple[Activation, int], list[Operation]] = defaultdict(list)
        self.callees_at: dict[tuple[Activation, int], list[Activation]] = defaultdict(list)
        self.callers: dict[Activation, list[calls.Edge]] = defaultdict(list)
        self.launches_at: dict[tuple[Activation, int], list[Worker]] = defaultdict(list)
        self._workers: dict[tuple[Value, str], Worker] = {}
        self._outlines: dict[f.Scope, Outline] = {}
        self._recursive: dict[Activation, bool] = {}
        self.passed: dict[Hashable, Any] = {}
        """What steps do that do not concern a machine: a matter of `passing`."""
        self._call_depths: dict[Activation, float] = {}
        self._entered: set[Activation] = set()
        self._done_to: dict[tuple[Value, tuple[str, ...]], list[Operation]] = {}
        self._index()

    def _index(self) -> None:
        for alike in self.solver.of_function.values():
            alike.sort(key=_activation_order)
        seen = set()
        for raw in sorted(self.record.operations, key=_order):
            kind = self.solver.kind_of(raw.receiver)
            key = (raw.activation, raw.at, raw.receiver, raw.name)
            if kind is None or key in seen:
                continue
            seen.add(key)
            operation = Operation(self, raw, kind)
            self.operations.append(operation)
            self.on[raw.receiver].append(operation)
            self.operations_at[raw.activation, raw.at].append(operation)
        known = set()
        for edge in sorted(self.record.edges, key=_edge_order):
            # a module may be read in after the call that needs it was seen first
            if (edge.caller, edge.at, edge.callee, edge.launch) in known:
                continue
            known.add((edge.caller, edge.at, edge.callee, edge.launch))
            place = (edge.caller, edge.at)
            if edge.launch is None:
                if edge.callee not in self.callees_at[place]:
                    self.callees_at[place].append(edge.callee)
                    self.callers[edge.callee].append(edge)
                continue
            self.callers[edge.callee].append(edge)
            worker = self._worker(edge.launch)
            worker.edges.append(edge)
            if worker not in self.launches_at[place]:
                self.launches_at[place].append(worker)

    def done_to(self, value: Value, *verbs: str) -> list[Operation]:
        """What of some kinds is done to an object."""
        key = (value, verbs)
        found = self._done_to.get(key)
        if found is None:
            found = [o for o in self.on.get(value, ()) if o.does in verbs]
            self._done_to[key] = found
        return found

    @cached_property
    def kinds_of(self) -> dict[tuple[Site, int], list[Made]]:
        """The objects to which something is done, by where each is made and which part of that it
        is: an import may give it in several kinds."""
        found: dict[tuple[Site, int], list[Made]] = defaultdict(list)
        for value in self.on:
            if isinstance(value, Made):
                found[value.site, value.part].append(value)
        return found

    @cached_property
    def done_in(self) -> dict[Activation, list[Operation]]:
        """By function, what it does to followed objects."""
        found: dict[Activation, list[Operation]] = defaultdict(list)
        for operation in self.operations:
            found[operation.activation].append(operation)
        return found

    @cached_property
    def verbs(self) -> dict[Value, set[str]]:
        """By followed object, what is done to it anywhere."""
        found: dict[Value, set[str]] = defaultdict(set)
        for operation in self.operations:
            found[operation.receiver].add(operation.does)
        return found

    @cached_property
    def operated(self) -> dict[Path, set[int]]:
        """By file, the expressions that do something to a followed object."""
        return _by_file(place for place, there in self.operations_at.items() if there)

    @cached_property
    def launched(self) -> dict[Path, set[int]]:
        """By file, the calls that make or start a worker."""
        return _by_file(place for place, there in self.launches_at.items() if there)

    @cached_property
    def making(self) -> dict[Path, set[int]]:
        """By file, the expressions that make something."""
        return _by_file(self.record.made)

    def _worker(self, launch: calls.Launch) -> Worker:
        key = (launch.holder, launch.how)
        if key not in self._workers:
            self._workers[key] = Worker(self, launch.holder, launch.how)
        return self._workers[key]

    # Nouns --------------------------------------------------------------------------------------

    @cached_property
    def quiet(self) -> Quiet:
        """Which functions of files that are not followed cannot raise."""
        return Quiet(self.solver.loader)

    @cached_property
    def workers(self) -> list[Worker]:
        """Everything that runs elsewhere, in processes or in threads."""
        return list(self._workers.values())

    @cached_property
    def processes(self) -> list[Worker]:
        """The workers that run in processes."""
        return [worker for worker in self.workers if worker.kind.family == "process"]

    def processes_of(self, holder: Value | None) -> Sequence[Worker]:
        """The workers whose processes are started from one process object or pool."""
        return self._processes_of.get(holder, ())

    @cached_property
    def _processes_of(self) -> dict[Value | None, list[Worker]]:
        found: dict[Value | None, list[Worker]] = defaultdict(list)
        for worker in self.processes:
            found[worker.holder].append(worker)
        return found

    def channels_with(self, runner: Runner, does: str) -> Iterable[Channel]:
        """The channels on which a process does a `put` or a `get`."""
        return self._channels_with.get((runner, does), ())

    @cached_property
    def _channels_with(self) -> dict[tuple[Runner, str], dict[Channel, None]]:
        found: dict[tuple[Runner, str], dict[Channel, None]] = defaultdict(dict)
        for channel in self.channels.values():
            for operation in (*channel.puts, *channel.gets):
                for runner in operation.runners:
                    found[runner, operation.does][channel] = None
        return found

    @cached_property
    def channels(self) -> dict[Made, Channel]:
        """The channels between processes, by the object that items are got from."""
        from mplint.model.solving.intrinsics import other_end

        found: dict[Made, Channel] = {}
        for value in [*self.on, *self.made]:
            if isinstance(value, Made) and value.kind.role in ("queue", "connection"):
                exit_ = other_end(self.solver, value) if value.part else value
                for end in (value, exit_):
                    entrance = other_end(self.solver, end) if end.part else end
                    found.setdefault(end, Channel(self, entrance, end))
        return found

    @cached_property
    def made(self) -> dict[Made, list[tuple[Activation, int]]]:
        """The followed objects, and where each is made."""
        found: dict[Made, list[tuple[Activation, int]]] = defaultdict(list)
        for place, values in self.record.made.items():
            for value in values:
                if isinstance(value, Made):
                    found[value].append(place)
        return found

    @cached_property
    def subjects(self) -> frozenset[str]:
        """What the program has to do with: the roles and families of all objects that are
        followed."""
        intern, solver = self.solver.intern, self.solver
        kinds = {made.kind for made in intern.all_of(Made)}
        kinds |= {worker.kind for worker in self.workers}
        kinds |= {m.kind for cls in intern.all_of(ClassRef) if (m := solver.maker_of(cls))}
        return frozenset(word for kind in kinds for word in (kind.role, kind.family))

    # Values -------------------------------------------------------------------------------------

    def values(self, expression: f.Expr, activation: Activation) -> Values:
        """What an expression of an activation can be."""
        return self.solver.evaluate(expression, activation)

    def forget_values(self) -> None:
        """Frees what was kept of `values`, which is most of all asked about the file at hand."""
        self.solver.kept = {}

    def objects(self, values: Values) -> list[Value]:
        """The values that can be a receiver: constants and plain data have no methods."""
        return [value for value in values if not isinstance(value, Literal) and value is not DATA]

    def is_one(self, values: Values) -> bool:
        """Whether the values are one object, in however many kinds an import may give it."""
        objects = self.objects(values)
        if not objects or UNKNOWN in objects:
            return False
        places = {
            (value.site, value.part) if isinstance(value, Made) else value for value in objects
        }
        return len(places) == 1

    def with_contents(self, values: Iterable[Value]) -> set[Value]:
        """Some values, and what is held by the containers among them."""
        found: set[Value] = set()
        todo = list(values)
        while todo:
            value = todo.pop()
            if value not in found:
                found.add(value)
                if isinstance(value, Container):
                    todo += self.solver.cells.get((value, "all"), NOTHING)
        return found

    def truth(self, expression: f.Expr, activation: Activation) -> bool | None:
        """Whether an expression is true, where it is constant."""
        values = self.values(expression, activation)
        answers = {bool(v.value) if isinstance(v, Literal) else None for v in values}
        return answers.pop() if len(answers) == 1 else None

    def exists(self, expression: f.Expr, activation: Activation) -> bool | None:
        """Whether an expression is certainly a followed object, none of which is ever false, or
        certainly not one of them (`not queue`)."""
        if isinstance(expression, f.Unary) and expression.operator == "not":
            inner = self.exists(expression.operand, activation)
            return None if inner is None else not inner
        if isinstance(expression, f.Comparison) and len(expression.rest) == 1:
            ((operator, other),) = expression.rest
            if operator in ("is", "is not", "==", "!=") and _is_none(other):
                there = self.exists(expression.left, activation)
                if there or self._is_given(expression.left, activation):
                    return operator in ("is not", "!=")
                return None
        if not isinstance(expression, (f.Name, f.Attribute)):
            return None
        values = self.values(expression, activation)
        followed = [v for v in values if isinstance(v, Made) and v.kind.role != "proxy"]
        return True if values and len(followed) == len(values) else None

    @cached_property
    def cells_of(self) -> dict[Value, list[Cell]]:
        """The variables, attributes and elements that hold each object, as owner and name."""
        found: dict[Value, list[Cell]] = defaultdict(list)
        for cell, values in self.solver.cells.items():
            for value in values:
                if isinstance(value, (Made, Instance, Container)):
                    found[value].append(cell)
        return found

    def held(self, values: Values, depth: int = 0) -> Iterator[Made]:
        """The followed objects among some values, and in containers among them."""
        for value in values:
            if isinstance(value, Made):
                yield value
            elif isinstance(value, Container) and depth < MAX_NESTING:
                yield from self.held(self.solver.cells.get((value, "all"), NOTHING), depth + 1)

    def _is_given(self, expression: f.Expr, activation: Activation) -> bool:
        """Whether an expression is a parameter that all calls give something for."""
        parameters = {parameter.name for parameter in activation.scope.parameters}
        if not isinstance(expression, f.Name) or expression.id not in parameters:
            return False
        if expression.id in self.outline(activation).bindings:
            return False
        values = self.values(expression, activation)
        return bool(values) and all(_is_something(value) for value in values)

    # Structure ----------------------------------------------------------------------------------

    def outline(self, activation: Activation) -> Outline:
        """The nesting of a function's body."""
        scope = activation.scope
        if scope not in self._outlines:
            self._outlines[scope] = Outline(scope)
        return self._outlines[scope]

    def activations(self, scope: f.Scope) -> list[Activation]:
        return self.solver.of_function.get(scope, [])

    @cached_property
    def _scopes(self) -> dict[Path, dict[int, f.Scope]]:
        """By file, the scope that each expression stands in."""
        return {
            path: {at: scope for scope in file.scopes for at in Outline(scope).expressions}
            for path, file in self.solver.files.items()
        }

    def activations_at(self, site: Site) -> list[Activation]:
        """The activations of the function that an expression stands in; none for a step."""
        scope = self._scopes.get(site.path, {}).get(site.at)
        return self.activations(scope) if scope is not None else []

    def generators(self, value: Container) -> list[Activation]:
        """The activations of the generator function that a generator object comes from."""
        file = self.solver.files.get(value.site.path)
        scopes = (
            [s for s in file.scopes if s.at == value.site.at and s.is_generator] if file else []
        )
        return [a for s in scopes for a in self.activations(s) if a.context == value.context]

    def is_method(self, activation: Activation) -> bool:
        return activation.outer is not None and activation.outer.scope.kind == "class"

    def own_name(self, activation: Activation) -> str | None:
        """What a method, or a function inside one, calls the object that the method is of: `self`,
        mostly. None where it is no method of an object, or the name means something else."""
        hidden: set[str] = set()
        while activation.outer is not None and not self.is_method(activation):
            hidden |= activation.scope.bound
            activation = activation.outer
        parameters = activation.scope.parameters
        if not self.is_method(activation) or not parameters:
            return None
        first, decorators = parameters[0], self.solver.decorations.get(activation.scope, ())
        if first.kind != "positional" or {"staticmethod", "classmethod"} & set(decorators):
            return None
        return first.name if first.name not in hidden else None

    def upward(self, activation: Activation) -> Iterator[Activation]:
        """A function, its only caller, and so on: where a get and a join meet."""
        for _ in range(MAX_CALLERS):
            yield activation
            callers = {e.caller for e in self.callers[activation] if e.launch is None}
            if len(callers) != 1:
                return
            (activation,) = callers

    def places_above(self, *places: tuple[Activation, int]) -> Iterator[tuple[Activation, int]]:
        """Some places, and those of the calls that lead to them in the same process."""
        seen: set[tuple[Activation, int]] = set()
        todo = list(places)
        while todo:
            place = todo.pop()
            if place not in seen:
                seen.add(place)
                yield place
                edges = self.callers.get(place[0], ())
                todo += [(edge.caller, edge.at) for edge in edges if edge.launch is None]

    # Processes ----------------------------------------------------------------------------------

    def library_of(self, value: Value) -> Library | None:
        """The library that an object is of, or that the class of an instance derives from."""
        if isinstance(value, Made):
            return value.library
        base = self.solver.base_name(value.cls) if isinstance(value, Instance) else None
        found = catalog.library(base.path) if base is not None else None
        return found[0] if found is not None else None

    def methods_of(self, value: Value) -> tuple[str, ...]:
        """The start methods that an object can belong to: that of its context, else those that
        are set for the file that makes it."""
        solver = self.solver
        site = getattr(value, "site", None) or getattr(value, "cls", None)
        default = self.defaults.methods_in(site.path) if site is not None else ()
        contexts = solver.cells.get((value, "context"), NOTHING)
        contexts |= solver.cells.get((value, "mp_context"), NOTHING)
        if isinstance(value, Instance):
            base = solver.base_name(value.cls)
            if base is not None and base.context is not None:
                contexts |= {base.context}
            maker = solver.maker_of(value.cls)
            if maker is not None and maker.start_method:
                return (maker.start_method,)
        elif isinstance(value, Made) and value.of is not None:
            contexts |= {value.of}
        named: set[str] = set()
        for context in (*contexts, value):
            if isinstance(context, Made):
                for method in solver.cells.get((context, "method"), NOTHING):
                    if isinstance(method, Literal) and method.value in START_METHODS:
                        named.add(method.value)
                    else:
                        return default or START_METHODS
        if not named:
            return default or START_METHODS
        return tuple(method for method in START_METHODS if method in named)

    @cached_property
    def onward(self) -> dict[Activation, list[Activation]]:
        """The activations that each activation calls."""
        found: dict[Activation, list[Activation]] = defaultdict(list)
        for (caller, _), callees in self.callees_at.items():
            found[caller] += callees
        return found

    def below(self, *entries: Activation) -> dict[Activation, None]:
        """Some functions and those that they call, in the same process."""
        found: dict[Activation, None] = {}
        todo = list(entries)
        while todo:
            activation = todo.pop()
            if activation not in found:
                found[activation] = None
                todo += self.onward.get(activation, ())
        return found

    def call_depth(self, activation: Activation) -> float:
        """How many calls are inside each other at most below a function; infinite where one of
        them may be recursive."""
        known, onward = self._call_depths, self.onward
        todo = [activation]
        while todo:
            caller = todo[-1]
            callees = onward.get(caller, ())
            if caller not in known:
                known[caller] = inf  # while it is not done: who comes here again, is recursive
                self._entered.add(caller)
                new = [callee for callee in callees if callee not in known]
                todo += new
                if new:
                    continue
            todo.pop()
            if caller in self._entered:
                self._entered.discard(caller)
                known[caller] = max((known[callee] + 1 for callee in callees), default=0)
        return known[activation]

    def is_recursive(self, activation: Activation) -> bool:
        """Whether a function may run again while it runs."""
        if activation not in self._recursive:
            again = activation in self.below(*self.onward.get(activation, ()))
            self._recursive[activation] = again or activation.scope.is_generator
        return self._recursive[activation]

    @cached_property
    def _runners(self) -> dict[Activation, frozenset[Runner]]:
        """By which process each activation is reached."""
        reached: dict[Activation, set[Runner]] = defaultdict(set)
        onward = {activation: list(callees) for activation, callees in self.onward.items()}
        homes = {place for worker in self.processes for place in worker.launched_at}
        for worker in self.workers:
            # a thread runs in its starter's process; one that an import may give in the place of
            # a process (`multiprocessing.dummy`) is that process here
            alternative = bool(homes & set(worker.launched_at))
            if worker.kind.family != "process" and not alternative:
                for edge in worker.edges:
                    onward.setdefault(edge.caller, []).append(edge.callee)
        for activation in self.solver.activations:
            if activation.scope.kind == "class" and activation.outer is not None:
                onward.setdefault(activation.outer, []).append(activation)
        roots: list[tuple[Runner, Iterable[Activation]]] = [
            (MAIN, [*self.solver.modules.values(), *self.solver.from_outside]),
            *((worker, worker.entries) for worker in self.processes),
        ]
        for runner, starts in roots:
            todo = list(starts)
            while todo:
                activation = todo.pop()
                if runner not in reached[activation]:
                    reached[activation].add(runner)
                    todo += onward.get(activation, ())
        return {activation: Runners(runners) for activation, runners in reached.items()}

    def runners(self, activation: Activation) -> frozenset[Runner]:
        """The processes that run a function."""
        return self._runners.get(activation, _NOBODY)


_NOBODY = Runners()


def _by_file(places: Iterable[tuple[Activation, int]]) -> dict[Path, set[int]]:
    found: dict[Path, set[int]] = defaultdict(set)
    for activation, at in places:
        found[activation.path].add(at)
    return found


def _is_something(value: Value) -> bool:
    """Whether a value is certainly not None."""
    if isinstance(value, Literal):
        return value.value is not None
    return isinstance(value, (Made, Container, Instance, FunctionRef, ClassRef))


def _is_none(expression: f.Expr) -> bool:
    return isinstance(expression, f.Constant) and expression.value is None


def _activation_order(activation: Activation) -> tuple[str, str]:
    """What to sort the activations of a function by: in which order they were reached is that of
    sets, which is another in every run."""
    return repr(activation), repr(activation.outer)


def _order(raw: calls.RawOperation) -> tuple[str, int, str, str]:
    return (str(raw.activation.path), raw.at, repr(raw.activation), sort_key(raw.receiver))


def _edge_order(edge: calls.Edge) -> tuple[str, int, str, int]:
    return (str(edge.caller.path), edge.at, str(edge.callee.path), edge.callee.scope.at)
