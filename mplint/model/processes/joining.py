"""How processes are waited for: one by one, only the last, for a while."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine, Raised
from mplint.model.processes.unmissed import Unmissed
from mplint.model.solving.solve import RETURNED
from mplint.model.values import Activation, Container, Instance, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Worker
    from mplint.model.program import Program


class Serial(Struct, frozen=True):
    """A join in the loop turn that has started the process, so that only one runs at a time; `why`
    says what shows that several were to run."""

    start: Operation
    why: Site


class OnlyLast(Struct, frozen=True):
    """A join, after a loop, of the process that the loop has started last."""

    start: Operation
    variable: str


class Stale(Struct, frozen=True):
    """Something that a process fills, and that is used after a wait which may have given up."""

    worker: Worker
    write: Site
    use: Site
    text: str


class Unnoticed(Struct, frozen=True):
    """A way in which a worker fails that nobody who joins it learns of."""

    worker: Worker
    at: Site


class Joining:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._waited: dict[Value, bool] = {}
        self._failing = Flow(program, Machine[str]())
        self._unmissed = Unmissed(program)

    # One after another --------------------------------------------------------------------------

    def serial(self, join: Operation) -> Serial | None:
        """For a join: the start in the same turn of a loop whose processes were to run side by
        side."""
        if not self._waits_for_one(join):
            return None
        outline = self.program.outline(join.activation)
        for start in self._on(join, "start"):
            loops = outline.loops(start.at)
            if not loops or start.at > join.at:
                continue
            loop = loops[-1].node
            if not isinstance(loop, f.For) or not self._is_in_every_turn(loop, start, join):
                continue
            if self._starts_in(loop, join.activation) != {start.at}:
                continue
            if self._does_more(loop, start, join) or self._is_one(loop, join.activation):
                continue
            why = self._meant_side_by_side(loop, start, join)
            if why is not None:
                return Serial(start, why)
        return None

    def _waits_for_one(self, join: Operation) -> bool:
        """Whether it is a join of a single process, for as long as that takes."""
        is_process = self.program.lifecycle.is_process(join)
        return is_process and join.does == "join" and join.timed is False

    def _on(self, operation: Operation, *verbs: str) -> list[Operation]:
        """What else is done to the process of an operation."""
        return self.program.done_to(operation.receiver, *verbs)

    def _is_in_every_turn(self, loop: f.For, start: Operation, join: Operation) -> bool:
        """Whether every turn of a loop starts a process and joins it: both are statements of the
        loop's own body, or the join is a loop over a list that is older than the turn."""
        outline = self.program.outline(start.activation)
        if outline.step_of(start.at) not in loop.body:
            return False
        step = outline.step_of(join.at)
        if step in loop.body:
            return True
        frame = next(outline.around(step.at), None) if step is not None else None
        inner = frame.node if frame is not None else None
        if not isinstance(inner, f.For) or inner not in loop.body:
            return False
        if not isinstance(inner.source, f.Name):
            return False
        bindings = outline.bindings.get(inner.source.id, ())
        return bool(bindings) and all(binding.at < loop.at for binding in bindings)

    def _starts_in(self, loop: f.For, activation: Activation) -> set[int]:
        """What is started in a loop."""
        outline = self.program.outline(activation)
        return {
            start.at
            for start in self.program.startup.starts.get(activation, ())
            if any(frame.node is loop for frame in outline.around(start.at))
        }

    def _does_more(self, loop: f.For, start: Operation, join: Operation) -> bool:
        """Whether a turn does something with the process, or with what it has done: then it is a
        process for itself, as in a test, or where each is to begin with fresh memory."""
        outline = self.program.outline(join.activation)
        for at, expression in outline.expressions.items():
            if not any(frame.node is loop for frame in outline.around(at)):
                continue
            if isinstance(expression, f.Attribute) and expression.name in _LOOKS:
                return True
            if isinstance(expression, f.Call) and at > start.at and at != join.at:
                operations = self.program.operations_at.get((join.activation, at), ())
                if operations and all(o.receiver is join.receiver for o in operations):
                    continue
                if not self._is_talk(expression):
                    return True
        return any(isinstance(step, (f.Leave, f.Try, f.With)) for step in f.steps(loop.body))

    def _is_talk(self, call: f.Call) -> bool:
        function = call.function
        if isinstance(function, f.Name):
            return function.id in ("print", "len", "str", "range", "enumerate")
        return isinstance(function, f.Attribute) and function.name in _TALK

    def _is_one(self, loop: f.For, activation: Activation) -> bool:
        count = self.program.counter.length(loop.source, activation)
        return count is not None and count.known is not None and count.known < 2

    def _meant_side_by_side(self, loop: f.For, start: Operation, join: Operation) -> Site | None:
        """What shows that the processes were to run side by side: they are collected, they are as
        many as there are processors, or they wait for each other."""
        held = self._held_by(join.receiver)
        if held is not None:
            return held
        count = self.program.counter.length(loop.source, join.activation)
        if count is not None and "cpu_count" in repr(count.symbols):
            return Site(join.activation.path, loop.source.at)
        for worker in self.program.processes_of(join.receiver):
            for wait in self._barrier_waits:
                if wait.runners == {worker}:
                    return wait.site
        return None

    @cached_property
    def _barrier_waits(self) -> list[Operation]:
        return [
            operation
            for operation in self.program.operations
            if operation.kind.role == "barrier" and operation.method.waits
        ]

    def _held_by(self, holder: Value) -> Site | None:
        """The list or dict that holds a process."""
        for owner, _ in self.program.cells_of.get(holder, ()):
            if isinstance(owner, Container) and owner.shape in ("list", "dict", "set"):
                return owner.site
        return None

    # Only the last ------------------------------------------------------------------------------

    def only_last(self, join: Operation) -> OnlyLast | None:
        """For a join: the start of other processes by the same variable, which nobody joins."""
        call = join.call
        if not self._waits_for_one(join) or call is None:
            return None
        receiver = call.function.value if isinstance(call.function, f.Attribute) else None
        activation = join.activation
        if not isinstance(receiver, f.Name) or join.receiver in self.program.solver.escapes:
            return None
        if len(self._on(join, "join", "kill", "alive")) > 1 or self._is_held_elsewhere(join):
            return None
        outline = self.program.outline(activation)
        bindings = outline.bindings.get(receiver.id, ())
        starts = self._on(join, "start")
        if len(bindings) != 1 or len(starts) != 1 or starts[0].activation is not activation:
            return None
        (start,) = starts
        loops, made = outline.loops(start.at), bindings[0].at
        if not loops or not isinstance(loops[-1].node, f.For) or start.receiver_text != receiver.id:
            return None
        loop = loops[-1].node
        inside = {step.at for step in f.steps(loop.body)}
        made_step, start_step = outline.step_of(made), outline.step_of(start.at)
        if made_step not in loop.body or start_step not in loop.body or join.at < loop.at:
            return None
        after = outline.step_of(join.at)
        if after is None or after.at in inside or self._is_one(loop, activation):
            return None
        if any(isinstance(step, f.Leave) for step in f.steps(loop.body)):
            return None
        if not self._goes_on(join) and not self._is_daemon(join.receiver):
            return None
        if self._waits_between(loop, join):
            return None
        return OnlyLast(start, receiver.id)

    def _waits_between(self, loop: f.For, join: Operation) -> bool:
        """Whether something else is waited for between the loop and the join: it may come from the
        other processes, and tell that they are done."""
        return any(
            operation.method.waits and loop.at < operation.at < join.at
            for operation in self.program.done_in[join.activation]
            if operation.receiver is not join.receiver
        )

    def _is_held_elsewhere(self, join: Operation) -> bool:
        """Whether a process is in another variable than those of the function, or in a list."""
        return any(
            (owner is not join.activation and not self._is_own_name(owner, name))
            or name == RETURNED
            for owner, name in self.program.cells_of.get(join.receiver, ())
        )

    def _is_own_name(self, owner: object, name: object) -> bool:
        """Whether a variable is what a method calls its object."""
        return isinstance(owner, Activation) and name == self.program.own_name(owner)

    def _goes_on(self, join: Operation) -> bool:
        """Whether something is done in the function after it."""
        outline = self.program.outline(join.activation)
        calls = outline.calls
        return any(
            not any(frame.node.at == join.at for frame in outline.around(at))
            for at in islice(calls, bisect_right(calls, join.at), None)
        )

    def _is_daemon(self, holder: Value) -> bool:
        workers = self.program.processes_of(holder)
        return bool(workers) and all(worker.daemon is True for worker in workers)

    # For a while --------------------------------------------------------------------------------

    def lock_not_asked_for(self, acquire: Operation) -> bool:
        """Whether a lock is taken if that is possible in time, and nobody looks whether it was. One
        that others release is a signal, which may well not have come."""
        if acquire.does != "acquire" or acquire.kind.role not in ("lock", "condition"):
            return False
        if acquire.kind.family != "process" or not acquire.crosses:
            return False
        lock = self.program.locks.lock_of(acquire.receiver)
        if lock is not None and self.program.locks.is_handed_over(lock):
            return False
        gives_up = acquire.blocks is False or (acquire.blocks and acquire.timed is True)
        step = self.program.outline(acquire.activation).step_of(acquire.at)
        return bool(gives_up) and isinstance(step, f.Evaluate) and step.value.at == acquire.at

    def stale(self, join: Operation) -> Stale | None:
        """For a join that gives up after a while: the use, after it, of something that the process
        fills, though nobody looks whether the process has ended."""
        program = self.program
        if join.does != "join" or join.timed is not True:
            return None
        if self._is_looked_at(join):
            return None
        outline = program.outline(join.activation)
        step = outline.step_of(join.at)
        if not isinstance(step, f.Evaluate):
            return None
        loops = {frame.node.at for frame in outline.loops(join.at)}
        for worker in program.processes_of(join.receiver):
            if worker.daemon is not False:
                continue
            for value, write in self._written_by(worker):
                for at, expression in sorted(outline.expressions.items()):
                    if at <= join.at or not isinstance(expression, (f.Name, f.Attribute)):
                        continue
                    if loops & {frame.node.at for frame in outline.loops(at)}:
                        continue
                    if program.values(expression, join.activation) == {value}:
                        use = Site(join.activation.path, at)
                        return Stale(worker, write, use, describe(expression))
        return None

    def _is_looked_at(self, join: Operation) -> bool:
        """Whether something else tells whether the process has ended, or makes it end."""
        if self._on(join, "alive", "kill"):
            return True
        if join.receiver not in self._waited:
            joins = self._on(join, "join")
            self._waited[join.receiver] = any(other.timed is False for other in joins)
        if self._waited[join.receiver]:
            return True
        return self.asks_exit_code(join.receiver)

    def asks_exit_code(self, holder: Value) -> bool:
        """Whether somebody looks at `exitcode` or `sentinel` of a process, or may do so."""
        program = self.program
        for activation, at in program.record.looks:
            expression = program.outline(activation).expressions.get(at)
            if isinstance(expression, f.Attribute):
                values = program.values(expression.value, activation)
                if holder in values or not all(
                    isinstance(value, (Made, Instance)) for value in values
                ):
                    return True
        return holder in program.solver.escapes or program.sight.is_reached_unseen(holder)

    def _written_by(self, worker: Worker) -> Iterator[tuple[Made, Site]]:
        """The shared values, arrays and proxies that only a worker changes, and where."""
        program = self.program
        for activation in program.solver.activations:
            if program.runners(activation) != {worker}:
                continue
            outline = program.outline(activation)
            for step in f.steps(activation.scope.body):
                targets = step.targets if isinstance(step, f.Bind) else ()
                for target in targets:
                    if isinstance(target, (f.Attribute, f.Subscript)):
                        yield from self._shared(target.value, activation)
            for expression in outline.expressions.values():
                if isinstance(expression, f.Call) and isinstance(expression.function, f.Attribute):
                    if expression.function.name in ("append", "extend", "update"):
                        yield from self._shared(expression.function.value, activation)

    def _shared(self, owner: f.Expr, activation: Activation) -> Iterator[tuple[Made, Site]]:
        values = self.program.values(owner, activation)
        for value in values if len(values) == 1 else ():
            if isinstance(value, Made) and value.kind.role in ("value", "proxy"):
                yield value, Site(activation.path, owner.at)

    # Failures -----------------------------------------------------------------------------------

    def unnoticed(self, join: Operation) -> Unnoticed | None:
        """For a join: how the process can fail without anybody's notice: nobody looks at its exit
        code, it has to do with nobody who would miss it or its results, and the function goes
        on."""
        program = self.program
        if not self._waits_for_one(join) or self.asks_exit_code(join.receiver):
            return None
        if not self._goes_on(join):
            return None
        for worker in program.processes_of(join.receiver):
            if self._sends(worker):
                failure = self._unmissed.failure(worker)
                if failure is not None and failure.error not in _MEANT:
                    return Unnoticed(worker, failure.at)
                continue
            for entry in worker.entries:
                if program.failing.is_opaque(entry):
                    continue
                for way, states in self._failing.ends(entry, "").items():
                    why = states.get("")
                    if why is None or not isinstance(way, Raised) or way.error in _MEANT:
                        continue
                    if not self._is_of_the_system(why.site):
                        return Unnoticed(worker, why.site)
        return None

    def _is_of_the_system(self, site: Site) -> bool:
        """Whether what can fail at a place is a call of the operating system, which seldom does."""
        return any(
            self.program.record.externals.get((activation, site.at), "").startswith(_SYSTEM)
            for activation in self.program.activations_at(site)
        )

    def _sends(self, worker: Worker) -> bool:
        """Whether a worker has to do with others, who would miss it."""
        given = {value for edge in worker.edges for _, values in edge.given for value in values}
        return bool(given) or worker in self._doing

    @cached_property
    def _doing(self) -> set[object]:
        """Who does something to an object that others may see."""
        return {
            runner
            for operation in self.program.operations
            if operation.kind.family != "other" or operation.name.startswith("write")
            for runner in operation.runners
        }


_SYSTEM = ("os.", "shutil.", "pathlib.", "tempfile.")
_MEANT = ("SystemExit", "KeyboardInterrupt", "GeneratorExit", "EOFError", "OSError")
_LOOKS = frozenset({"exitcode", "sentinel", "pid", "value"})
_TALK = frozenset({"append", "info", "debug", "warning", "format", "write", "flush"})
