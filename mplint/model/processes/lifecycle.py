"""What becomes of a process object: made, started, joined, closed, killed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint import catalog
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.loading.scripts import is_in_test
from mplint.model.processes.states import Track, Wrong, tracked
from mplint.model.processes.unstarted import Unstarted
from mplint.model.values import (
    Activation,
    ClassRef,
    FunctionRef,
    Instance,
    Literal,
    Made,
    Named,
    Site,
    Value,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mplint.model.nouns import Operation
    from mplint.model.program import Program


class RunHere(Struct, frozen=True):
    """A call of `run()` of a process that nobody starts: `made` is where the process is made."""

    text: str
    made: Site


class Uninitialized(Struct, frozen=True):
    """A process class whose `__init__` does not make a process of the object, or does so too late:
    `late` is what comes before it."""

    cls: str
    late: Site | None = None


class Lifecycle:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._wrong: dict[Activation, dict[int, Wrong]] = {}
        self._functions: dict[Path, dict[int, f.Scope]] = {}

    def is_process(self, operation: Operation) -> bool:
        """Whether an operation is on a single process object, not on a thread, not on several
        processes that one call has started."""
        kind = operation.kind
        return (
            kind.role == "process"
            and kind.family == "process"
            and operation.crosses
            and not self.is_spawned(operation.receiver)
        )

    def is_spawned(self, holder: Value) -> bool:
        return (holder, "spawned") in self.program.solver.cells

    def made_at(self, holder: Value) -> Site | None:
        """Where a process object is made; None for one that others give."""
        if isinstance(holder, Made):
            return None if holder.given else holder.site
        sites = {
            Site(activation.path, at)
            for (activation, at), values in self.program.record.made.items()
            if holder in values
        }
        return sites.pop() if len(sites) == 1 else None

    # What is returned ---------------------------------------------------------------------------

    def result_kept(self, operation: Operation) -> bool:
        """Whether something is done with what `start()` or `join()` of a process returns, which is
        None."""
        if operation.call is None or operation.launch is not None:
            return False
        manager = operation.kind.role == "manager" and operation.does == "start"
        if not self.is_process(operation) and not (manager and operation.sure):
            return False
        outline = self.program.outline(operation.activation)
        looped = False
        for frame in outline.around(operation.at):
            match frame.node:
                case f.Boolean() | f.Conditional() | f.Display():
                    continue
                case f.Comprehension() if frame.part == "element":
                    looped = True
                case f.Call():
                    step = outline.step_of(frame.node.at)
                    consumed = looped and isinstance(step, f.Evaluate)
                    return not consumed
                case f.Bind(targets=targets):
                    return any(self._is_used(target, operation.activation) for target in targets)
                case f.Branch() | f.While() | f.Comparison() | f.Attribute() | f.Unary():
                    return True
                case _:
                    return False
        return False

    def _is_used(self, target: f.Expr, activation: Activation) -> bool:
        """Whether somebody reads what is assigned: a name that nobody reads does no harm, nor one
        that is only returned, as the call itself could have been."""
        if not isinstance(target, f.Name):
            return True
        outline = self.program.outline(activation)
        written = {binding.at for binding in outline.bindings.get(target.id, ())}
        reads = any(
            isinstance(expression, f.Name)
            and expression.id == target.id
            and at not in written
            and not _is_returned(outline.step_of(at), at)
            for at, expression in outline.expressions.items()
        )
        solver, path = self.program.solver, activation.path
        inner = (s for s in solver.files[path].scopes if s.parent == activation.scope.index)
        return reads or any(target.id in solver.mentions(scope, path) for scope in inner)

    # run() --------------------------------------------------------------------------------------

    def run_here(self, call: f.Expr, activation: Activation) -> RunHere | None:
        """For a call: whether it calls `run()` of a process that nobody ever starts, so that the
        work is done in this process."""
        if not isinstance(call, f.Call) or not isinstance(call.function, f.Attribute):
            return None
        if call.function.name != "run" or is_in_test(activation):
            return None
        program = self.program
        holders = program.objects(program.values(call.function.value, activation))
        if not program.is_one(frozenset(holders)):
            return None
        (holder, *_) = holders
        kind = program.solver.kind_of(holder)
        if kind is None or kind.role != "process" or kind.family != "process":
            return None
        made = self.made_at(holder)
        if made is None or holder in program.solver.escapes or len(holders) > 1:
            return None
        verbs = {operation.does for operation in program.on.get(holder, ())}
        if "start" in verbs:
            return None
        if isinstance(holder, Instance):
            # an object whose `run` does the work here may be meant to be none but that, unless it
            # is treated as a process
            if not verbs & {"join", "kill", "alive"} or self._is_started(holder.cls):
                return None
        return RunHere(describe(call.function) + "()", made)

    def _is_started(self, cls: ClassRef) -> bool:
        """Whether an object of a class is started anywhere."""
        return cls in self._started

    @cached_property
    def _started(self) -> set[object]:
        """The classes of the objects that are started anywhere, and what they derive from."""
        started = {
            operation.receiver.cls: None
            for operation in self.program.operations
            if operation.does == "start" and isinstance(operation.receiver, Instance)
        }
        return {base for cls in started for base in self.program.solver.ancestry(cls)}

    def never_started(self, at: int, activation: Activation) -> Value | None:
        """For a call that makes a process: that process, when nobody ever starts it."""
        values = self.program.record.made.get((activation, at), ())
        if not values or is_in_test(activation):
            return None
        never = [v for v in values if self._unstarted.is_never_started(v, activation)]
        return never[0] if len(never) == len(values) else None

    @cached_property
    def _unstarted(self) -> Unstarted:
        return Unstarted(self.program)

    # States -------------------------------------------------------------------------------------

    def wrong_state(self, at: int, activation: Activation) -> Wrong | None:
        """What is done to a process at a place of a function while it is in the wrong state."""
        if activation not in self._wrong:
            self._wrong[activation] = {
                wrong.site.at: wrong for wrong in self._wrong_states(activation)
            }
        return self._wrong[activation].get(at)

    def _wrong_states(self, activation: Activation) -> Iterator[Wrong]:
        holders = dict.fromkeys(
            operation.receiver
            for operation in self._operations_in(activation)
            if operation.does in ("start", "join", "kill", "close", "alive")
        )
        for holder in holders:
            for name in tracked(self.program, activation, holder):
                yield from Track(self.program, activation, holder, name).wrong()

    def _operations_in(self, activation: Activation) -> list[Operation]:
        return self._by_function.get(activation, [])

    @cached_property
    def _by_function(self) -> dict[Activation, list[Operation]]:
        """What is done to processes, by the function that does it."""
        found: dict[Activation, list[Operation]] = {}
        for operation in self.program.operations:
            if self.is_process(operation):
                found.setdefault(operation.activation, []).append(operation)
        return found

    def group_given(self, call: f.Expr, activation: Activation) -> f.Expr | None:
        """For `Process(work, …)`: the first argument, which is not the target."""
        if not isinstance(call, f.Call) or not call.arguments:
            return None
        first = call.arguments[0]
        if first.keyword is not None or first.star:
            return None
        functions = self.program.values(call.function, activation)
        if not functions or not all(_makes_process(value) for value in functions):
            return None
        given = self.program.values(first.value, activation)
        if any(isinstance(value, Literal) and value.value is None for value in given):
            return None
        known = all(isinstance(value, (FunctionRef, Literal, Named, ClassRef)) for value in given)
        return first.value if given and known else None

    def joined_by_stranger(self, operation: Operation) -> Site | None:
        """For a join, or a look at whether a process lives: where the process is started, when
        that is always another process than the one that asks."""
        if operation.does not in ("join", "alive") or not self.is_process(operation):
            return None
        program = self.program
        starts = program.done_to(operation.receiver, "start")
        here = operation.runners
        if not starts or not here or any(isinstance(runner, str) for runner in here):
            return None
        if operation.receiver in program.solver.escapes:
            return None
        makers = {
            runner
            for (activation, _), values in program.record.made.items()
            if operation.receiver in values
            for runner in program.runners(activation)
        }
        elsewhere = makers | {runner for start in starts for runner in start.runners}
        return starts[0].site if elsewhere and not here & elsewhere else None

    # Classes ------------------------------------------------------------------------------------

    def _function_at(self, path: Path, at: int) -> f.Scope:
        if path not in self._functions:
            scopes = self.program.solver.files[path].scopes
            self._functions[path] = {s.at: s for s in scopes if s.kind == "function"}
        return self._functions[path][at]

    def uninitialized(self, at: int, activation: Activation) -> Uninitialized | None:
        """For the `__init__` that is defined at a place of a class: whether it leaves out, on all
        ways through it, the one of its base class, which is Process."""
        solver = self.program.solver
        if activation.scope.kind != "class":
            return None
        init = self._function_at(activation.path, at)
        if init.name != "__init__" or not init.parameters:
            return None
        cls = solver.owner(activation)
        assert isinstance(cls, ClassRef)
        maker = solver.maker_of(cls)
        if maker is None or maker.kind.role != "process" or maker.kind.family != "process":
            return None
        if solver.decorations.get(init) or "start" in self._members(cls):
            return None
        methods = self._reached(init, activation)
        calls = [call for scope in methods for call in _init_calls(scope)]
        if not calls:
            only_raises = any(
                isinstance(step, f.Leave) and step.kind == "raise" for step in init.body
            )
            return None if only_raises else Uninitialized(cls.name)
        if len(methods) > 1:
            return None
        first = min(call.at for call in calls)
        me = init.parameters[0].name
        for step in init.body:
            if step.at > first or not isinstance(step, f.Bind):
                continue
            for target in step.targets:
                if isinstance(target, f.Attribute) and target.name == "daemon":
                    if isinstance(target.value, f.Name) and target.value.id == me:
                        return Uninitialized(cls.name, Site(activation.path, target.at))
        return None

    def _members(self, cls: ClassRef) -> set[str]:
        """The names that a class and its bases in the project define."""
        return {
            name
            for base in self.program.solver.ancestry(cls)
            if isinstance(base, ClassRef)
            for name in base.scope.bound
        }

    def _reached(self, init: f.Scope, cls: Activation) -> list[f.Scope]:
        """`__init__`, and the methods of the class that it mentions, which may do its work."""
        methods = {
            scope.name: scope
            for scope in self.program.solver.files[cls.path].scopes
            if scope.parent == cls.scope.index and scope.kind == "function"
        }
        found, todo = [init], [init]
        while todo:
            for name in self.program.solver.mentions(todo.pop(), cls.path):
                scope = methods.get(name)
                if scope is not None and scope not in found:
                    found.append(scope)
                    todo.append(scope)
        return found


def _is_returned(step: f.Step | None, at: int) -> bool:
    """Whether an expression is all that a `return` returns."""
    return isinstance(step, f.Leave) and step.value is not None and step.value.at == at


def _init_calls(scope: f.Scope) -> Iterator[f.Expr]:
    """Where a function mentions somebody's `__init__`."""
    for expression in f.evaluated(scope.body):
        match expression:
            case f.Attribute(name="__init__") | f.Constant(value="__init__"):
                yield expression


def _makes_process(value: Value) -> bool:
    if not isinstance(value, Named):
        return False
    maker = catalog.find(value.path)
    process = isinstance(maker, catalog.Maker) and maker.kind.role == "process"
    return process and isinstance(maker, catalog.Maker) and maker.kind.family == "process"
