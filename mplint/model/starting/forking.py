"""What a forked child inherits half of: threads, handlers, accelerators."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.diagnostics import START_METHODS
from mplint.model import facts as f
from mplint.model.starting.precedence import chain, comes_before, is_unconditional
from mplint.model.values import Activation, Made, Site, Value

if TYPE_CHECKING:
    from pathlib import Path

    from mplint.model.nouns import Operation, Worker
    from mplint.model.program import Program
    from mplint.model.starting.startup import Start


class LeftLocked(Struct, frozen=True):
    """A process that is forked (`fork`) while a `thread` that was started at `started` may hold a
    lock, which a worker of that process takes as well."""

    fork: Start
    thread: Worker
    started: Operation
    held: Operation
    worker: Worker
    wanted: Operation

    @property
    def lock(self) -> Site:
        assert isinstance(self.wanted.receiver, Made)
        return self.wanted.receiver.site


class Orphaned(Struct, frozen=True):
    """A task that a worker gives to a thread pool whose threads are in the parent: it was `used`
    there before the `fork`."""

    fork: Start
    worker: Worker
    used: Operation


class Forking:
    """The questions about what is missing after a fork, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    # Locks --------------------------------------------------------------------------------------

    def left_locked(self, activation: Activation, at: int) -> LeftLocked | None:
        """For a call that starts processes: a lock that a running thread may hold in this moment,
        and that the processes wait for without end."""
        for fork in self.program.startup.starts_at(activation, at):
            if not self._may_fork(fork):
                continue
            for worker in self.program.processes_of(fork.holder):
                for thread in self._threads:
                    started = self._running(thread.holder, fork)
                    pair = self._both_take(thread, worker) if started is not None else None
                    if started is not None and pair is not None:
                        return LeftLocked(fork, thread, started, pair[0], worker, pair[1])
        return None

    def _both_take(self, thread: Worker, worker: Worker) -> tuple[Operation, Operation] | None:
        """Where a thread and a process take the same lock, the process without a time limit."""
        theirs = self._taken(worker)
        for lock, held in self._taken(thread).items():
            wanted = theirs.get(lock)
            if wanted is not None and wanted.waits_for_ever and self._is_inherited(lock, worker):
                return held, wanted
        return None

    def _taken(self, worker: Worker) -> dict[Made, Operation]:
        """The thread locks that a worker takes, and where."""
        if worker not in self._known_taken:
            reached = self.program.below(*worker.entries)
            self._known_taken[worker] = {
                operation.receiver: operation
                for operation in reversed(self.program.operations)
                if operation.does == "acquire"
                and operation.activation in reached
                and isinstance(operation.receiver, Made)
                and operation.kind.family == "thread"
                and operation.kind.role in ("lock", "condition")
                and operation.sure
            }
        return self._known_taken[worker]

    @cached_property
    def _known_taken(self) -> dict[Worker, dict[Made, Operation]]:
        return {}

    # Thread pools -------------------------------------------------------------------------------

    def orphaned(self, task: Operation) -> Orphaned | None:
        """For a task that is given to a thread pool: why no thread ever runs it, where the process
        that gives it was forked after the pool had been used."""
        pool, kind = task.receiver, task.kind
        if kind.family != "thread" or kind.role not in _WITH_THREADS or not task.sure:
            return None
        if not isinstance(pool, Made) or not task.method.tasks:
            return None
        for worker in sorted(self.program.processes, key=lambda worker: worker.order):
            if worker not in task.runners or not self._is_inherited(pool, worker):
                continue
            for fork in self._forks_of(worker):
                used = self._running(pool, fork) if self._may_fork(fork) else None
                if used is not None and worker not in used.runners:
                    return Orphaned(fork, worker, used)
        return None

    # Forks --------------------------------------------------------------------------------------

    def _may_fork(self, fork: Start) -> bool:
        return "fork" in (self.program.startup.methods(fork) or START_METHODS)

    def _forks_of(self, worker: Worker) -> list[Start]:
        return self._forks.get(worker.holder, [])

    @cached_property
    def _forks(self) -> dict[Value, list[Start]]:
        """The starts of each process, pool and executor."""
        found: dict[Value, list[Start]] = {}
        for forks in self.program.startup.starts.values():
            for fork in forks:
                found.setdefault(fork.holder, []).append(fork)
        return found

    def _is_inherited(self, made: Made, worker: Worker) -> bool:
        """Whether a worker gets the one object that its parent has made."""
        program = self.program
        for activation, at in program.made.get(made, ()):
            if worker in program.runners(activation):
                return False
            if program.outline(activation).loops(at):
                return False
            if activation.scope.kind == "module" or not program.is_method(activation):
                continue
            makers = {(edge.caller, edge.at) for edge in program.callers[activation]}
            if len(makers) != 1:
                return False  # of which object is it?
            ((caller, place),) = makers
            if program.outline(caller).loops(place) or worker in program.runners(caller):
                return False
        return True

    # Threads ------------------------------------------------------------------------------------

    @cached_property
    def _threads(self) -> list[Worker]:
        """What runs in threads of the main process."""
        found = [worker for worker in self.program.workers if worker.kind.family == "thread"]
        return sorted(found, key=lambda worker: (worker.name, str(worker.launched_at)))

    def _running(self, holder: Value, fork: Start) -> Operation | None:
        """What has certainly started a thread, or used a thread pool, that is not over when a
        process is forked."""
        program = self.program
        for current, place in chain(program, fork.activation, fork.at):
            for started, at in self._starts_in(current, holder):
                if not comes_before(program, current, at, place, loops=True):
                    continue
                if not self._is_over(holder, current, at, place):
                    return started
        return None

    def _starts_in(self, activation: Activation, holder: Value) -> list[tuple[Operation, int]]:
        """What starts a thread in a function, or in one that it calls, and at which place."""
        program = self.program
        found = [
            (operation, operation.at)
            for operation in program.on.get(holder, ())
            if operation.activation is activation and _starts(operation)
        ]
        for operation in program.on.get(holder, ()):
            if not _starts(operation) or operation.activation is activation:
                continue
            if is_unconditional(program, operation.activation, operation.at, loops=True):
                found += [
                    (operation, edge.at)
                    for edge in program.callers[operation.activation]
                    if edge.caller is activation and edge.launch is None
                ]
        return found

    def _is_over(self, holder: Value, activation: Activation, first: int, last: int) -> bool:
        """Whether a thread may have ended between two places of a function: it is joined, or a
        `with` has ended that began before."""
        program = self.program
        outline = program.outline(activation)
        around = {id(frame.node) for frame in outline.around(last)}
        for frame in outline.around(first):
            if isinstance(frame.node, f.With) and id(frame.node) not in around:
                if any(holder in program.values(item, activation) for item, _ in frame.node.items):
                    return True
        ends = {o.activation for o in program.on.get(holder, ()) if _ends(o)}
        for operation in program.on.get(holder, ()):
            if operation.activation is activation and _ends(operation):
                if first < operation.at < last and operation.call is not None:
                    return True
        return any(
            self.program.below(*callees).keys() & ends
            for (caller, at), callees in program.callees_at.items()
            if caller is activation and first <= at < last
        )

    def thread_beside_forks(self, path: Path) -> Operation | None:
        """What starts a thread that may run while a process is forked, in a file of the program or
        in those that it imports. None where every function that starts one waits for its end, and
        forks nothing meanwhile."""
        imported = self.program.startup.drawn_in(path)
        for start in self.program.operations:
            if start.kind.family != "thread" or start.kind.role not in _WITH_THREADS:
                continue
            if start.activation.path in imported and _starts(start):
                if not self._is_apart(start.receiver, start):
                    return start
        return None

    def _is_apart(self, holder: Value, start: Operation) -> bool:
        program, activation = self.program, start.activation
        outline = program.outline(activation)
        ends = [
            operation.at
            for operation in program.on.get(holder, ())
            if operation.activation is activation and _ends(operation) and operation.at > start.at
        ]
        last = max((at for at in ends), default=None)
        for frame in outline.around(start.at):
            node = frame.node
            if isinstance(node, f.With):
                if any(holder in program.values(item, activation) for item, _ in node.items):
                    inside = (
                        at
                        for at in outline.expressions
                        if any(outer.node is node for outer in outline.around(at))
                    )
                    last = max(inside, default=start.at) + 1
        if last is not None:
            return not any(start.at < at < last for at in self._forks_in(activation))
        for current, place in chain(program, activation, start.at):  # it runs on: what comes after?
            if program.outline(current).loops(place):
                return False
            if any(at > place for at in self._forks_in(current)):
                return False
            if current.scope.kind == "module":
                return True
        return False

    def _forks_in(self, activation: Activation) -> list[int]:
        """The places of a function that start processes, in the end."""
        startup = self.program.startup
        found = [fork.at for fork in startup.starts.get(activation, ())]
        return found + startup.leads.get(activation, [])


def _starts(operation: Operation) -> bool:
    return operation.does == "start" or bool(operation.method.tasks)


def _ends(operation: Operation) -> bool:
    return operation.does in ("join", "kill", "shutdown")


_WITH_THREADS = ("process", "pool", "executor")
"""The roles of what has threads, when it is of their family."""
