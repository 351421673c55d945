"""How a pool is used: for one task at a time, with input that has no end, made too
early, left in a way that hangs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.values import (
    NOTHING,
    Activation,
    Container,
    FunctionRef,
    Literal,
    Made,
    Named,
    Site,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

MAX_DEPTH = 6
"""Iterators inside iterators."""


class Serial(Struct, frozen=True):
    """A task that is waited for in the loop turn that hands it over."""

    task: Operation
    loop: Site


class TooEarly(Struct, frozen=True):
    """A pool whose processes are started before a function that they are given is defined."""

    task: Operation
    name: str
    defined: Site


class PoolUse:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    # One at a time --------------------------------------------------------------------------------

    def serial(self, operation: Operation) -> Serial | None:
        """For a call that waits for one task (`apply`, or `get` and `result` of a task that the
        same expression or the statement before has handed over): that it does so in every turn of a
        loop, so that only one process works at a time."""
        task = self._waited(operation)
        if task is None or not task.crosses or task.kind.role not in ("pool", "executor"):
            return None
        outline = self.program.outline(task.activation)
        loops = outline.loops(operation.at)
        if not loops or task.activation in self.program.threads.reached:
            return None
        loop = loops[-1].node
        if isinstance(loop, f.While) or self._may_be_meant(task, operation, loop):
            return None
        return Serial(task, Site(task.activation.path, loop.at))

    def _waited(self, operation: Operation) -> Operation | None:
        """The task that an operation hands over and waits for."""
        if operation.does == "call":
            return operation if operation.method.tasks == "apply" else None
        if operation.does != "result" or not operation.waits_for_ever:
            return None
        place, activation = operation.receiver_expression, operation.activation
        at = place.at if isinstance(place, f.Call) else None
        if isinstance(place, f.Name):
            at = self._just_before(place, operation)
        found = self.program.operations_at.get((activation, at), ()) if at is not None else ()
        return next((task for task in found if task.method.tasks in ("apply", "submit")), None)

    def _just_before(self, name: f.Name, operation: Operation) -> int | None:
        """The call whose result the statement before assigns to a variable."""
        outline = self.program.outline(operation.activation)
        step = outline.step_of(operation.at)
        frame = next(outline.around(step.at), None) if step is not None else None
        if step is None or frame is None or isinstance(frame.node, f.Expr):
            return None
        for block in f.blocks(frame.node):
            if step in block and block.index(step) > 0:
                before = block[block.index(step) - 1]
                if isinstance(before, f.Bind) and isinstance(before.value, f.Call):
                    if any(isinstance(t, f.Name) and t.id == name.id for t in before.targets):
                        return before.value.at
        return None

    def _may_be_meant(self, task: Operation, operation: Operation, loop: f.Step | f.Expr) -> bool:
        """Whether one task at a time may be what is wanted: there is one process, or a new one per
        task, a turn needs the result of the one before, or only goes on if it is good."""
        solver = self.program.solver
        for name in ("processes", "max_workers"):
            workers = solver.cells.get((task.receiver, name), NOTHING)
            if any(isinstance(value, Literal) and value.value == 1 for value in workers):
                return True
        for name in ("maxtasksperchild", "max_tasks_per_child"):
            if solver.cells.get((task.receiver, name), NOTHING):
                return True
        if isinstance(loop, f.Comprehension):
            return loop.shape == "generator"
        assert isinstance(loop, f.For)
        bound: set[str] = set()
        for step in f.steps(loop.body):
            if isinstance(step, f.Leave) and step.kind in ("return", "break"):
                return True
            if isinstance(step, (f.Bind, f.For)):
                targets = step.targets if isinstance(step, f.Bind) else (step.target,)
                bound |= {describe(leaf) for target in targets for leaf in f.leaves(target)}
        outline = self.program.outline(task.activation)
        inside = [
            at
            for at in outline.expressions
            if any(frame.node is loop and frame.part == "body" for frame in outline.around(at))
        ]
        if any(isinstance(outline.expressions[at], (f.Yield, f.Await)) for at in inside):
            return True
        others = (
            other
            for at in inside
            for other in self.program.operations_at.get((task.activation, at), ())
            if other.method.tasks and other is not task and other is not operation
        )
        if any(True for _ in others):
            return True
        call = task.call
        return call is not None and any(
            isinstance(part, (f.Name, f.Attribute)) and describe(part) in bound
            for part in f.within(*[argument.value for argument in call.arguments])
        )

    # Input that has no end ------------------------------------------------------------------------

    def endless(self, task: Operation) -> f.Expr | None:
        """For a call that takes all its input before it hands over the first task: the input that
        has no end."""
        kind = task.method.tasks
        if kind not in ("map", "starmap", "executor-map") or "imap" in task.name:
            return None
        call = task.call
        if call is None or not task.crosses or any(a.star for a in call.arguments):
            return None
        if any(a.keyword == "buffersize" for a in call.arguments):
            return None
        if kind == "executor-map":
            inputs = [a.value for a in call.arguments if a.keyword is None][1:]
        else:
            given = task.argument("iterable")
            inputs = [given] if given is not None else []
        if inputs and all(self._is_endless(one, task.activation, 0) for one in inputs):
            return inputs[0]
        return None

    def _is_endless(self, expression: f.Expr, activation: Activation, depth: int) -> bool:
        if depth > MAX_DEPTH:
            return False
        match expression:
            case f.Comprehension(shape="generator", clauses=(clause, *_)):
                return self._is_endless(clause.source, activation, depth + 1)
            case f.Name():
                found = self.program.counter.definition(expression, activation)
                if found is not None and self._is_endless(*found, depth + 1):
                    return True
            case f.Call(arguments=arguments):
                given = [a.value for a in arguments if not a.star and a.keyword is None]
                paths = {
                    value.path if isinstance(value, Named) else ""
                    for value in self.program.values(expression.function, activation)
                }
                path = paths.pop() if len(paths) == 1 else ""
                if path == "itertools.repeat":
                    return len(arguments) == 1
                if path in ("itertools.count", "itertools.cycle"):
                    return True
                inner = given[1:] if path in ("map", "filter") else given
                if path in ("zip", "map", "filter", "enumerate", "iter"):
                    return bool(inner) and all(
                        self._is_endless(one, activation, depth + 1) for one in inner
                    )
        values = self.program.values(expression, activation)
        return bool(values) and all(
            isinstance(value, Container) and value.shape == "generator" and self._never_ends(value)
            for value in values
        )

    def _never_ends(self, generator: Container) -> bool:
        """Whether a generator function goes round for ever."""
        found = self.program.generators(generator)
        return bool(found) and all(self._goes_round(activation) for activation in found)

    def _goes_round(self, activation: Activation) -> bool:
        for step in activation.scope.body:
            if isinstance(step, f.While) and self.program.truth(step.test, activation) is True:
                return not any(
                    isinstance(inner, f.Try)
                    or (isinstance(inner, f.Leave) and inner.kind != "continue")
                    for inner in f.steps(step.body)
                )
            if isinstance(step, f.For):
                if self._is_endless(step.source, activation, MAX_DEPTH - 1):
                    return not any(isinstance(i, (f.Leave, f.Try)) for i in f.steps(step.body))
                return False
            if isinstance(step, (f.Branch, f.Try, f.Match, f.With, f.Leave)):
                return False
        return False

    # Made too early -------------------------------------------------------------------------------

    def too_early(self, made: Made) -> TooEarly | None:
        """For a pool that a module makes: a function that is defined only below it, and is given to
        it all the same. A forked process never gets to know that."""
        if made.kind.role != "pool" or made.kind.family != "process":
            return None
        if "fork" not in self.program.methods_of(made):
            return None
        for activation, at in self.program.made.get(made, ()):
            if activation.scope.kind != "module":
                continue
            for task in self.program.on.get(made, ()):
                if task.method.tasks in ("", "loop") or not task.crosses:
                    continue
                function = task.argument(task.method.parameters[0])
                for value in task.values(function) if function is not None else ():
                    defined = self._defined_below(value, activation, at)
                    if defined is not None and isinstance(value, FunctionRef):
                        return TooEarly(task, value.name, defined)
        return None

    def _defined_below(self, value: object, module: Activation, at: int) -> Site | None:
        if not isinstance(value, FunctionRef) or value.outer is not module:
            return None
        for step in f.steps(module.scope.body):
            if isinstance(step, f.Define) and step.name == value.scope.name:
                if step.at <= at:
                    return None
                return Site(module.path, step.at)
        return None

    # A process per so many tasks ------------------------------------------------------------------

    def limited_by_fork(self, made: Made) -> tuple[str, ...]:
        """For an executor that replaces its processes after so many tasks: the start methods with
        which it cannot be made, as its context forks with them."""
        solver = self.program.solver
        if made.kind.role != "executor" or made.kind.family != "process":
            return ()
        limits = solver.cells.get((made, "max_tasks_per_child"), NOTHING)
        if not limits or any(isinstance(v, Literal) and v.value is None for v in limits):
            return ()
        contexts = solver.cells.get((made, "mp_context"), NOTHING)
        if not contexts or not all(
            isinstance(value, Made) and value.kind.role == "context" for value in contexts
        ):
            return ()
        methods = self.program.methods_of(made)
        if methods == ("fork",):
            return ("fork", "spawn", "forkserver")
        return ("fork",) if "fork" in methods else ()

    # Left by an interrupt -------------------------------------------------------------------------

    def joins_after_interrupt(self, join: Operation) -> Operation | None:
        """For a `join()` of a pool in a `finally`: the call in its `try` that Ctrl-C can interrupt,
        after which the tasks of the killed processes are waited for in vain."""
        if join.does != "join" or join.kind.role != "pool" or not join.crosses:
            return None
        program, outline = self.program, self.program.outline(join.activation)
        frame = next((fr for fr in outline.around(join.at) if isinstance(fr.node, f.Try)), None)
        if frame is None or frame.part != "final":
            return None
        if program.solver.cells.get((join.receiver, "initializer"), NOTHING):
            return None  # which may tell the processes to ignore the signal
        mine = [o for o in program.on[join.receiver] if o.activation is join.activation]
        if any(operation.does == "kill" for operation in mine):
            return None
        for operation in mine:
            if operation.does in ("call", "call-later"):
                around = outline.around(operation.at)
                if any(fr.node is frame.node and fr.part == "body" for fr in around):
                    return operation
        return None
