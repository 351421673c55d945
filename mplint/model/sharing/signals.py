"""Whether somebody sets, notifies or arrives where others wait."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.failing import Failure
from mplint.model.channels.sequence import Sequence
from mplint.model.nouns import MAIN, Worker
from mplint.model.paths.raising import catches
from mplint.model.sharing.arrivals import Arrivals
from mplint.model.sharing.conditions import Conditions
from mplint.model.values import Activation, Made

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program


class Unset(Struct, frozen=True):
    """A wait for an event that may never be set. `failure` is how those who should set it end
    before; `blocked` is the wait, join or start because of which the set `late` comes too late;
    where all are None, nobody sets it."""

    event: Made
    failure: Failure | None = None
    late: Operation | None = None
    blocked: Operation | None = None

    @property
    def why(self) -> str:
        """Why nobody sets it, in words."""
        if self.failure is not None:
            return f"`{self.failure.worker.name}`, which should set it, can end by an error before"
        if self.blocked is None:
            return "no process sets it"
        if self.blocked.does == "join":
            return f"`{self.blocked.text}` waits for this process first, and it is set only after"
        return "the process that sets it is started only after this"

    @property
    def cure(self) -> str:
        """What to do about it, in words."""
        if self.failure is not None:
            return (
                "Set the event in a `finally`, or wait with `timeout=` in a loop that checks "
                "`is_alive()`."
            )
        if self.blocked is None:
            return "Call `set()` in the process that the others wait for."
        if self.blocked.does == "join":
            return "Set the event first, then join."
        return "Start the process first, then wait for it."


class Pulse(Struct, frozen=True):
    """An event that is cleared as soon as it is set, though somebody waits for it: `wait` misses it
    unless it is there already."""

    event: Made
    set: Operation
    wait: Operation


class Signals:
    """The questions about events, conditions and barriers, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._shared: dict[Made, bool] = {}
        self._setting: dict[Made, dict[Activation, None]] = {}
        self._launched: dict[Made, bool] = {}
        self._told: dict[tuple[Worker, Made], bool] = {}
        self._first: dict[tuple[Operation, Made], bool] = {}
        self._sequence = Sequence(program)

    @cached_property
    def arrivals(self) -> Arrivals:
        """Whether all those come to a barrier for whom it waits."""
        return Arrivals(self.program)

    @cached_property
    def conditions(self) -> Conditions:
        """Whether a condition is held, and a notification heard."""
        return Conditions(self.program)

    # Events -------------------------------------------------------------------------------------

    def unset(self, wait: Operation) -> Unset | None:
        """For a wait for an event that waits for ever: how it can come that nobody sets it."""
        event = self.awaited(wait, "event")
        if event is None or not self.program.sight.is_seen_whole(event):
            return None
        if self.program.sharing.made_in_worker(event) or not self._is_shared(event):
            return None  # the cause is told as such; or somebody wants to sleep for ever
        sets = self.operations(event, "set")
        if not sets:
            return None if self.program.sight.is_in_attribute(event) else Unset(event)
        return self._late(wait, sets, event) or self._dead_setters(wait, event)

    def awaited(self, wait: Operation, role: str) -> Made | None:
        """The object for processes that an operation waits for, when it does so for ever and nobody
        watches it."""
        excuses, made = self.program.excuses, wait.receiver
        if not isinstance(made, Made) or made.kind.role != role:
            return None
        if made.kind.family not in ("process", "manager"):
            return None
        if not wait.waits_for_ever or not wait.sure or wait.launch is not None:
            return None
        if excuses.is_excused(wait) or self._ends_by_interrupt(wait) or self._is_killed(wait):
            return None
        return made

    def operations(self, made: Made, *verbs: str) -> list[Operation]:
        """What is done to an object."""
        return self.program.done_to(made, *verbs)

    def _is_shared(self, made: Made) -> bool:
        """Whether a worker does something with an object."""
        if made not in self._shared:
            functions = {operation.activation: None for operation in self.program.on[made]}
            self._shared[made] = any(
                not isinstance(runner, str)
                for activation in functions
                for runner in self.program.runners(activation)
            )
        return self._shared[made]

    def _ends_by_interrupt(self, wait: Operation) -> bool:
        """Whether Ctrl-C is the end that a wait is meant to have."""
        for frame in self.program.outline(wait.activation).around(wait.at):
            if isinstance(frame.node, f.Try) and frame.part == "body":
                for handler in frame.node.handlers:
                    if handler.type is None:
                        continue
                    types = self.program.values(handler.type, wait.activation)
                    if catches(self.program, types, "KeyboardInterrupt"):
                        return True
        return False

    def _is_killed(self, wait: Operation) -> bool:
        """Whether somebody ends the processes that wait."""
        return any(
            not isinstance(runner, str) and bool(runner.operations("kill", "alive"))
            for runner in wait.runners
        )

    def _setters(self, event: Made) -> dict[Activation, None]:
        """The functions that set an event."""
        if event not in self._setting:
            sets = self.operations(event, "set")
            self._setting[event] = dict.fromkeys(operation.activation for operation in sets)
        return self._setting[event]

    def _is_launched(self, event: Made) -> bool:
        """Whether an event is set by what is handed to somebody else to call."""
        if event not in self._launched:
            sets = self.operations(event, "set")
            self._launched[event] = any(operation.launch is not None for operation in sets)
        return self._launched[event]

    def _workers(self, wait: Operation, functions: Iterable[Activation]) -> list[Worker]:
        """The workers that do the others' part, in these functions; empty when somebody else does
        so too, or may."""
        told = (self.program.runners(each) or ("?",) for each in functions)
        runners = dict.fromkeys(runner for each in told for runner in each)
        workers = [runner for runner in runners if not isinstance(runner, str)]
        if len(workers) != len(runners) or wait.runners & set(runners):
            return []
        return workers

    def _dead_setters(self, wait: Operation, event: Made) -> Unset | None:
        waiting, failures = self.program.waiting, []
        for worker in self._workers(wait, self._setters(event)):
            if waiting.reports_errors(worker) or self._acts_on_failure(worker, event):
                return None
            failures.append(self.program.failing.end_without(worker, event, "set", [wait]))
        if not failures or None in failures:
            return None
        return Unset(event, failures[0])

    def _acts_on_failure(self, worker: Worker, event: Made) -> bool:
        key = (worker, event)
        if key not in self._told:
            sets = self.operations(event, "set")
            self._told[key] = self.program.waiting.acts_on_failure(worker, sets)
        return self._told[key]

    def _late(self, wait: Operation, sets: list[Operation], event: Made) -> Unset | None:
        """Whether what would set the event comes after a wait for the one who waits for it."""
        if self._is_launched(event):
            return None
        if wait.runners == {MAIN}:
            workers = self._workers(wait, self._setters(event))
            starts = [start for worker in workers for start in worker.operations("start")]
            if starts and not any(worker.in_pool for worker in workers):
                if self._comes_first(wait, starts):
                    return Unset(event, late=starts[0], blocked=starts[0])
            return None
        if any(self.program.runners(each) != {MAIN} for each in self._setters(event)):
            return None
        waiters = [runner for runner in wait.runners if isinstance(runner, Worker)]
        if len(waiters) != len(wait.runners) or any(worker.in_pool for worker in waiters):
            return None
        for worker in waiters:
            for join in worker.operations("join"):
                if (join, event) not in self._first:
                    waits = join.waits_for_ever and join.sure
                    self._first[join, event] = waits and self._comes_first(join, sets)
                if self._first[join, event]:
                    return Unset(event, late=sets[0], blocked=join)
        return None

    def _comes_first(self, first: Operation, others: list[Operation]) -> bool:
        """Whether an operation always comes before some others, all of which are done by the same
        function, or by those that only it calls."""
        threads = self.program.threads
        if any(threads.of(operation.activation) for operation in (first, *others)):
            return False
        for root in self.program.upward(first.activation):
            if all(root in self.program.upward(other.activation) for other in others):
                return self._sequence.is_first(first, others, root)
        return False

    def pulse(self, clear: Operation) -> Pulse | None:
        """Whether an event is cleared in the statement after the one that sets it, once, while
        another process waits for it for ever."""
        event = clear.receiver
        if not isinstance(event, Made) or not clear.sure or clear.does != "clear":
            return None
        outline = self.program.outline(clear.activation)
        if outline.loops(clear.at) or len(self.operations(event, "set")) > 1:
            return None
        before = self._statement_before(clear.activation, clear.at)
        sets = [
            operation
            for operation in self.operations(event, "set")
            if operation.activation is clear.activation
            and before is not None
            and outline.step_of(operation.at) is before
        ]
        if not sets or not sets[0].sure:
            return None
        for wait in self.operations(event, "wait"):
            if not wait.runners & clear.runners and self.awaited(wait, "event") is event:
                return Pulse(event, sets[0], wait)
        return None

    def _statement_before(self, activation: Activation, at: int) -> f.Step | None:
        """The statement before the one that an expression stands in, but for those that only give
        names to values."""
        outline = self.program.outline(activation)
        step = outline.step_of(at)
        if not isinstance(step, f.Evaluate):
            return None
        frame = next(outline.around(step.at), None)
        blocks = f.blocks(frame.node) if frame is not None else [activation.scope.body]  # type: ignore[arg-type]
        for block in blocks:
            if step in block:
                before = reversed(block[: block.index(step)])
                return next((other for other in before if not f.is_still(other)), None)
        return None
