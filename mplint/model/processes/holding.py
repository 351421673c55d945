"""Processes that are killed while they hold a lock, which nobody gives back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine
from mplint.model.paths.quiet import is_quick
from mplint.model.sharing.held import Region
from mplint.model.state.once import is_many
from mplint.model.values import Activation, Made

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Worker
    from mplint.model.program import Program


class HeldLock(Struct, frozen=True):
    """A lock that a process was killed with: where it had acquired it, and who wants it next."""

    acquire: Operation
    use: Operation


class _Killed(Machine[str]):
    """`before` → `started` → `working` once the parent has waited for something, or `held` when
    that was a word from the process that it holds the lock → `killed` → `used`. It is `safe` when
    the process may have been told to end, or the parent has had the lock itself."""

    def __init__(self, kill: Operation, worker: Worker, held: Region, words: set[Made]) -> None:
        self.kill = kill
        self.worker = worker
        self.held = held
        self.words = words
        self.always = _is_always_held(worker.program, held)
        self.use: Operation | None = None

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        locks = self.worker.program.locks
        own = operation.receiver is self.worker.holder
        verb = operation.does
        if own and verb == "start":
            return ("started",)
        if operation is self.kill:
            sure = state == "held" or (state == "working" and self.always)
            return ("killed",) if sure else ("safe",)
        if verb in ("acquire", "release") and locks.lock_of(operation.receiver) is self.held.lock:
            if state == "killed" and verb == "acquire" and operation.waits_for_ever:
                self.use = self.use or operation
                return ("used",)
            return ("safe",) if state != "before" else (state,)
        if state == "killed" and verb == "start" and self._wants(operation):
            self.use = self.use or operation
            return ("used",)
        if state in ("started", "working", "held"):
            return (self._meanwhile(state, operation, own=own),)
        return (state,)

    def _meanwhile(self, state: str, operation: Operation, *, own: bool) -> str:
        verb = operation.does
        if own and verb == "join":
            return "safe" if operation.timed is not True else "working"
        if verb in ("get", "wait") and operation.method.waits:
            heard = operation.receiver in self.words and operation.waits_for_ever
            return "held" if heard else "working"
        told = verb in ("put", "set", "clear", "notify", "kill", "close", "release")
        return "safe" if told and self._is_known_to_worker(operation) else state

    def _is_known_to_worker(self, operation: Operation) -> bool:
        program = self.worker.program
        receiver = operation.receiver
        if operation.does == "put":
            channel = program.waiting.channel_of(operation)
            return channel is None or any(self.worker in get.runners for get in channel.gets)
        return any(self.worker in use.runners for use in program.on.get(receiver, ()))

    def _wants(self, start: Operation) -> bool:
        """Whether a process is started that takes the lock."""
        program = self.worker.program
        return any(
            worker in acquire.runners
            for worker in program.processes_of(start.receiver)
            for acquire in program.locks.uses(self.held.lock, "acquire")
            if acquire.sure and acquire.waits_for_ever
        )

    def hidden(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        path = self.worker.program.record.externals.get((activation, at), "")
        quick = is_quick(path)
        return ("working",) if state in ("started", "held") and not quick else (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return (state,) if state in ("before", "used") else ("safe",)

    def repeated(self, state: str) -> Iterable[str]:
        return ("safe",)


def killed_holding(program: Program, kill: Operation) -> HeldLock | None:
    """For a `terminate()` or `kill()`: a lock that the process certainly holds when it is killed,
    and that somebody waits for afterwards."""
    for worker in program.processes_of(kill.receiver):
        if is_many(program, worker):
            continue
        for held in program.locks.regions.all():
            if program.runners(held.activation) != {worker} or not _is_one_at_a_time(held):
                continue
            words = set(_words(program, held))
            for root in program.upward(kill.activation):
                machine = _Killed(kill, worker, held, words)
                Flow(program, machine).ends(root, "before")
                if machine.use is not None:
                    return HeldLock(held.acquire, machine.use)
    return None


def _is_one_at_a_time(held: Region) -> bool:
    """Whether nobody gets the lock while it is held."""
    lock = held.lock
    return isinstance(lock, Made) and lock.kind.family == "process" and "Sem" not in lock.kind.name


def _is_always_held(program: Program, held: Region) -> bool:
    """Whether the process acquires the lock again as soon as it has released it, and takes its time
    while it has it."""
    outline = program.outline(held.activation)
    step = outline.step_of(held.acquire.at)
    frame = next(outline.around(step.at), None) if isinstance(step, f.With) else None
    if frame is None or not isinstance(frame.node, f.While) or frame.part != "body":
        return False
    endless = program.truth(frame.node.test, held.activation) is True
    return endless and frame.node.body == (step,) and _takes_time(program, held, 0)


def _takes_time(program: Program, held: Region, after: int) -> bool:
    """Whether the process sleeps or waits with the lock, from some place of the region on."""
    for inside in program.locks.regions.inside(held):
        if inside.activation is held.activation and inside.at <= after:
            continue
        place = (inside.activation, inside.at)
        if inside.certain and program.record.externals.get(place) == "time.sleep":
            return True
        if any(
            o.does in ("get", "wait") and o.blocks for o in program.operations_at.get(place, ())
        ):
            return True
    return False


def _words(program: Program, held: Region) -> Iterator[Made]:
    """What the process tells others by, when it has the lock and keeps it for a while: the events
    that it sets nowhere else, and the queues."""
    numbers = {expression.at for expression in held.expressions}
    for operation in program.operations:
        if operation.activation is not held.activation or operation.at not in numbers:
            continue
        made = operation.receiver
        if operation.does == "put" and isinstance(made, Made):
            channel = program.waiting.channel_of(operation)
            others = channel.puts if channel is not None else []
            made = channel.exit if channel is not None else made
        elif operation.does == "set":
            others = [o for o in program.on.get(made, ()) if o.does == "set"]
        else:
            continue
        if isinstance(made, Made) and others == [operation]:
            if _takes_time(program, held, operation.at):
                yield made
