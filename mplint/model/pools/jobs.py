"""What runs in the processes of a pool, and what that does to whoever waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.failing import error_name
from mplint.model.crossing.sorts import Sorts
from mplint.model.paths.flow import HARD_EXITS, SOFT_EXITS, Flow
from mplint.model.paths.machine import Gone, Machine, Raised
from mplint.model.paths.raising import ANY, USUAL
from mplint.model.values import Activation, FunctionRef, Literal, Made, Named, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

EXITS = HARD_EXITS | SOFT_EXITS

MAX_DEPTH = 3
"""Calls inside calls, where we look for what a callback does."""


class Exit(Struct, frozen=True):
    """A task that ends its process instead of itself: its name, where, and by which call."""

    name: str
    at: Site
    call: str


class Unprepared(Struct, frozen=True):
    """An initializer that can fail: its name, where, and with which error. One that `works` takes
    items from a queue in a loop, and does all there is to do."""

    name: str
    at: Site
    error: str
    works: bool

    @property
    def effect(self) -> str:
        """What becomes of the pool, in words."""
        if self.works:
            return (
                "the process ends with the item that it has taken, and the pool starts another one "
                "in its place: nobody hears of it"
            )
        return (
            "the process ends, the pool starts another one that fails as well, for ever, and "
            "whoever waits for a task never hears of it"
        )


class Stuck(Struct, frozen=True):
    """Something that waits for a pool in the thread that would have to end the wait."""

    name: str
    wait: Operation

    @property
    def effect(self) -> str:
        """What becomes of a call to the pool or executor that the caller itself runs in."""
        if self.wait.kind.role == "pool":
            return (
                "the name gets its value only after the processes have been started, so that it "
                "has none in them"
            )
        return (
            "a forked copy has no threads to do anything and waits for ever, and under spawn and "
            "forkserver there is none"
        )


class Jobs:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._flow: Flow[bool] = Flow(program, Machine())
        self._sorts = Sorts(program)

    # Tasks that end their process -----------------------------------------------------------------

    def exit(self, task: Operation) -> Exit | None:
        """For a task of a pool whose result somebody waits for: how it can end its process, which
        the pool replaces without a word."""
        if task.kind.role != "pool" or task.does not in ("call", "call-later"):
            return None
        if not task.crosses or not self._is_waited_for(task):
            return None
        for entry in self.program.results.entries(task):
            if self.program.failing.is_opaque(entry):
                continue
            numbers = self._is_about_numbers(task)
            for way, states in self._flow.ends(entry, True).items():
                why = next(iter(states.values()))
                if why is None or (numbers and self._is_in_handler(why.site)):
                    continue
                if self._has_passed(task, why.site):
                    continue
                if isinstance(way, Gone):
                    return Exit(entry.scope.qualified_name, why.site, "os._exit()")
                if isinstance(way, Raised) and way.error == "SystemExit":
                    return Exit(entry.scope.qualified_name, why.site, "the exit")
        return None

    def _has_passed(self, task: Operation, site: Site) -> bool:
        """Whether the function that has an exit gets no arguments, and whoever hands out the task
        has called it before: what it looks at is the same, and it did not end the parent."""
        above = set(self.program.upward(task.activation))
        around = self.program.activations_at(site)
        called = [self.program.callees_at.get((activation, site.at), ()) for activation in around]
        for activation in chain(around, *called):
            if activation.scope.parameters or activation.scope.kind != "function":
                continue
            if any(
                edge.launch is None
                and (edge.caller is not task.activation or edge.at < task.at)
                and edge.caller in above
                for edge in self.program.callers[activation]
            ):
                return True
        return False

    def _is_about_numbers(self, task: Operation) -> bool:
        """Whether all the work of a task is a `range`: no data from outside, so that an error in it
        may be one that never occurs."""
        items = task.argument("iterable")
        if isinstance(items, f.Name):
            bindings = self.program.outline(task.activation).bindings.get(items.id, ())
            items = bindings[0].value if len(bindings) == 1 and bindings[0].whole else None
        return isinstance(items, f.Call) and self._sorts.calls(items, task.activation, "range")

    def _is_in_handler(self, site: Site) -> bool:
        """Whether an exit, known by what leads to it first, stands in the handler of an error: that
        is where the error is raised, or the exit itself."""
        for activation in self.program.solver.activations:
            if activation.path != site.path:
                continue
            outline = self.program.outline(activation)
            if site.at not in outline.steps and site.at not in outline.expressions:
                continue
            path = self.program.record.externals.get((activation, site.at))
            step = outline.step_of(site.at)
            leaves = isinstance(step, f.Leave) and self._is_exit(step.value, activation)
            raises = leaves or path in EXITS
            parts = ("handler",) if raises else ("handler", "body")
            for function, at in self.program.places_above((activation, site.at)):
                for frame in self.program.outline(function).around(at):
                    if isinstance(frame.node, f.Try) and frame.part in parts:
                        return True
        return False

    def _is_exit(self, raised: f.Expr | None, activation: Activation) -> bool:
        expression = raised.function if isinstance(raised, f.Call) else raised
        if expression is None:
            return False
        values = self.program.values(expression, activation)
        return any(isinstance(value, Named) and value.path == "SystemExit" for value in values)

    def _is_waited_for(self, task: Operation) -> bool:
        if task.does == "call":
            return True
        reads = [
            operation
            for result in self.program.results.results_of(task)
            for operation in self.program.on.get(result, ())
            if operation.does in ("result", "wait")
        ]
        if reads and all(read.timed is not False for read in reads):
            return False
        call = task.call
        if call is not None and self.program.results.fate(task.activation, call) == "read":
            return True
        return "join" in self.program.verbs[task.receiver]

    # Initializers ---------------------------------------------------------------------------------

    def unprepared(self, made: Made) -> Unprepared | None:
        """For a pool: how its initializer can fail, in every process that it starts."""
        if made.kind.role != "pool" or made.kind.family != "process":
            return None
        for worker in self.program.processes_of(made):
            if worker.how != "initializer":
                continue
            for entry in worker.entries:
                if self.program.failing.is_opaque(entry):
                    continue
                works = self._works(entry)
                for way, states in self._flow.ends(entry, True).items():
                    why = next(iter(states.values()))
                    if not isinstance(way, Raised) or why is None or why.weight < USUAL:
                        continue
                    if self._is_likely(way.error, why.site) or (works and way.error in _OF_ITEMS):
                        error = error_name(way.error) if way.error != ANY else "an error"
                        return Unprepared(entry.scope.qualified_name, why.site, error, works)
        return None

    def _works(self, entry: Activation) -> bool:
        """Whether an initializer takes items from a queue in a loop that has no end."""
        outline = self.program.outline(entry)
        return any(
            operation.does == "get"
            and operation.waits_for_ever
            and any(isinstance(frame.node, f.While) for frame in outline.loops(at))
            for at in outline.expressions
            for operation in self.program.operations_at.get((entry, at), ())
        )

    def _is_likely(self, error: object, site: Site) -> bool:
        """Whether a failure is one of the work itself, not of code or data that we merely do not
        know."""
        if error in (ANY, "AssertionError", "KeyboardInterrupt", "LookupError"):
            return False
        for activation in self.program.activations_at(site):
            call = self.program.outline(activation).expressions.get(site.at)
            if error == "ValueError" and isinstance(call, f.Call) and len(call.arguments) == 1:
                given = call.arguments[0].value
                if isinstance(given, f.Name):  # `int(limit)`, of which only the caller knows more
                    values = self.program.values(given, activation)
                    return any(isinstance(v, Literal) and isinstance(v.value, str) for v in values)
        return True

    # Waiting for oneself --------------------------------------------------------------------------

    def own_pool(self, task: Operation) -> Stuck | None:
        """For a task that is handed to a pool or executor by a process of the same one, as its
        module has it under a global name: which of its tasks does so."""
        if task.does not in ("call", "call-later") or not task.crosses:
            return None
        receiver, expression = task.receiver, task.receiver_expression
        if not isinstance(receiver, Made) or not isinstance(expression, f.Name):
            return None
        cell = self.program.solver.variable(task.activation, expression.id)
        if cell is None or not isinstance(cell[0], Activation) or cell[0].scope.kind != "module":
            return None
        for runner in task.runners:
            if not isinstance(runner, str) and runner.holder is receiver and runner.how == "task":
                return Stuck(runner.name, task)
        return None

    def blocking_callback(self, task: Operation) -> Stuck | None:
        """For a task with a callback: what in that waits for the pool, whose results only the
        thread that runs the callback can bring."""
        if task.kind.role != "pool" or task.does != "call-later" or not task.crosses:
            return None
        for name in ("callback", "error_callback"):
            given = task.argument(name)
            if given is None:
                continue
            for value in task.values(given):
                if isinstance(value, FunctionRef):
                    for activation in self.program.activations(value.scope):
                        for wait in self._waits(activation, task.receiver, 0):
                            return Stuck(value.scope.qualified_name, wait)
        return None

    def _waits(self, activation: Activation, pool: object, depth: int) -> Iterator[Operation]:
        outline = self.program.outline(activation)
        for at in outline.expressions:
            for operation in self.program.operations_at.get((activation, at), ()):
                receiver = operation.receiver
                mine = receiver is pool or (isinstance(receiver, Made) and receiver.of is pool)
                waits = operation.does in ("call", "join") or operation.waits_for_ever
                if mine and waits and operation.sure and operation.method.waits:
                    yield operation
            if depth < MAX_DEPTH:
                for callee in self.program.callees_at.get((activation, at), ()):
                    if callee is not activation:
                        yield from self._waits(callee, pool, depth + 1)


_OF_ITEMS = frozenset({ANY, "ValueError", "LookupError"})
"""Errors that what is taken from a queue may lead to."""
