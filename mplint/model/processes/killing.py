"""What is lost with a process that is killed, or ends with the program."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.failing import is_end
from mplint.model.nouns import MAIN, Worker
from mplint.model.outline import can_leave
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import NORMAL, Machine
from mplint.model.paths.quiet import is_quick
from mplint.model.processes.holding import HeldLock, killed_holding
from mplint.model.values import Activation, Instance, Made

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation
    from mplint.model.program import Program


class Lost(Struct, frozen=True):
    """A daemon that is killed by the end of the program, before it has done its work; `put` is
    something that it should have taken out."""

    worker: Worker
    put: Operation | None


class Broken(Struct, frozen=True):
    """A channel that a process was killed at, and the next use of it. With `writing`, what it was
    killed at is a put of something large, otherwise a get."""

    channel: Channel
    held: Operation
    use: Operation
    writing: bool


class Killing:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def kills_children(self) -> bool:
        """Whether the program kills processes otherwise than by their objects."""
        return any(
            path.endswith((".active_children", "os.killpg", "os.kill", "os._exit"))
            for path in self.program.record.externals.values()
        )

    # Daemons ------------------------------------------------------------------------------------

    def lost(self, start: Operation) -> Lost | None:
        """For the start of a daemon: its work, when the process that starts it comes to its end
        without waiting for anything."""
        program = self.program
        if start.does != "start" or not program.lifecycle.is_process(start):
            return None
        if start.receiver in program.solver.escapes or len(start.runners) != 1:
            return None
        workers = program.processes_of(start.receiver)
        if not workers or any(worker.daemon is not True for worker in workers):
            return None
        (worker, *_) = workers
        (runner,) = start.runners
        machine = Ending(self, start, self._taken_from(worker))
        ends = set()
        for root in self._roots(runner):
            ends |= set(Flow(program, machine).ends(root, "before").get(NORMAL, ()))
        if "running" not in ends or "waited" in ends:
            return None
        if machine.put is None and self._is_endless(worker):
            return None
        return Lost(worker, machine.put)

    def _roots(self, runner: str | Worker) -> list[Activation]:
        """Where a process begins: the scripts of the program, or the target of a worker."""
        if isinstance(runner, Worker):
            return [] if runner.in_pool else runner.entries
        return list(self.program.solver.modules.values()) if runner == MAIN else []

    def _taken_from(self, worker: Worker) -> list[Made]:
        """Where others put what a daemon takes out."""
        return [
            channel.entrance
            for channel in self.program.channels.values()
            if any(worker in get.runners for get in channel.gets)
        ]

    def _is_endless(self, worker: Worker) -> bool:
        """Whether a worker goes on for ever by itself, so that it has to be ended by somebody."""
        return any(
            isinstance(step, f.While)
            and self.program.truth(step.test, entry) is not False
            and not can_leave(step.body)
            for entry in worker.entries
            for step in f.steps(entry.scope.body)
        )

    def waits(self, operation: Operation) -> bool:
        """Whether an operation may take until others have done something."""
        if operation.does == "put":
            channel = self.program.waiting.channel_of(operation)
            return (
                channel is None or channel.bound != 0 or not operation.kind.name.endswith("Queue")
            )
        return operation.method.waits or operation.does in ("alive", "poll", "look", "kill")

    # Killed at work -----------------------------------------------------------------------------

    def broken(self, kill: Operation) -> Broken | None:
        """For a `terminate()` or `kill()`: a channel that the process is at when it is killed, and
        that is used afterwards."""
        program = self.program
        if kill.does != "kill" or not program.lifecycle.is_process(kill) or self.is_asked(kill):
            return None
        for worker in program.processes_of(kill.receiver):
            for channel in program.channels.values():
                if channel.kind.role != "queue" or channel.kind.family != "process":
                    continue
                for held in self._held(worker, channel):
                    machine = _Killed(self, kill, worker, channel, writing=held.does == "put")
                    for root in program.upward(kill.activation):
                        Flow(program, machine).ends(root, "before")
                        if machine.use is not None:
                            return Broken(channel, held, machine.use, held.does == "put")
        return None

    def holding(self, kill: Operation) -> HeldLock | None:
        """For the same: a lock that the process holds when it is killed."""
        program = self.program
        if kill.does != "kill" or not program.lifecycle.is_process(kill) or self.is_asked(kill):
            return None
        return killed_holding(program, kill)

    def is_asked(self, kill: Operation) -> bool:
        """Whether the process is killed only in a case that something decides. That this is the
        program, and is not imported, decides nothing."""
        outline = self.program.outline(kill.activation)
        return any(
            (
                isinstance(frame.node, (f.Branch, f.Boolean, f.Conditional, f.Match))
                and not self.program.startup.is_main_guard(frame, kill.activation)
            )
            or frame.part in ("handler", "final")
            for frame in outline.around(kill.at)
        )

    def _held(self, worker: Worker, channel: Channel) -> list[Operation]:
        """What a worker is at for most of its time: waiting for the next item, again and again, or
        for somebody to take out what is more than a pipe holds."""
        found = []
        for get in channel.gets:
            loops = self.program.outline(get.activation).loops(get.at)
            if self._is_of(worker, get) and get.blocks is True:
                if loops or get.is_iterated:
                    found.append(get)
        for put in channel.puts:
            big = self.program.draining.is_unbounded(put)
            if self._is_of(worker, put) and big:
                found.append(put)
        return found

    def _is_of(self, worker: Worker, operation: Operation) -> bool:
        """Whether a worker does something, and the main process never does."""
        runners = operation.runners
        return operation.sure and worker in runners and MAIN not in runners

    def begins_reader(self, operation: Operation, channel: Channel) -> bool:
        """Whether an operation starts a process that takes from a channel."""
        return operation.does == "start" and any(
            worker in get.runners
            for worker in self.program.processes_of(operation.receiver)
            for get in channel.gets
        )


class Ending(Machine[str]):
    """`before` the start of a daemon (or another operation), `running` after it, `waited` once
    anything may have taken time."""

    def __init__(self, room: Killing, start: Operation, jobs: list[Made]) -> None:
        self.room = room
        self.start = start
        self.jobs = jobs
        self.put: Operation | None = None  # something that the daemon is to take out

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation is self.start:
            return ("running",)
        if operation.does == "put" and operation.receiver in self.jobs:
            self.put = self.put or operation
        thread = operation.does == "start" and operation.kind.family != "process"
        if state == "running" and (thread or self.room.waits(operation)):
            return ("waited",)
        return (state,)

    def hidden(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        path = self.room.program.record.externals.get((activation, at), "")
        quick = is_quick(path)
        return (state,) if state != "running" or quick else ("waited",)

    def called(self, state: str, call: f.Call, activation: Activation) -> str:
        made = self.room.program.record.made.get((activation, call.at), ())
        slow = any(
            isinstance(value, (Made, Instance))
            and (kind := self.room.program.solver.kind_of(value)) is not None
            and kind.role in ("pool", "executor", "manager")
            for value in made
        )
        return "waited" if slow and state == "running" else state

    def repeated(self, state: str) -> Iterable[str]:
        return ("waited",)


class _Killed(Machine[str]):
    """`before` → `killed` → `used`. A process that has ended, or was told to, is not killed at
    anything. For a put, `late` is between a join that gave up and the kill."""

    def __init__(
        self, room: Killing, kill: Operation, worker: Worker, channel: Channel, *, writing: bool
    ) -> None:
        self.room = room
        self.kill = kill
        self.worker = worker
        self.channel = channel
        self.writing = writing
        self.use: Operation | None = None

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        own = operation.receiver is self.worker.holder
        if operation is self.kill:
            if self.writing:
                return ("killed",) if state == "late" else ("ended",)
            return ("killed",) if state == "before" else (state,)
        if own and operation.does == "join" and state in ("before", "late"):
            if operation.timed is False:
                return ("ended",)
            return ("late",) if self.writing else (state,)
        if own and operation.does == "start" and state in ("ended", "late"):
            return ("before",)
        gets = operation.does == "get" and is_end(operation.receiver, self.channel.exit)
        if state == "killed" and (gets or self._begins_reader(operation)):
            self.use = self.use or operation
            return ("used",)
        if state == "before" and gets and self.writing:
            return ("ended",)  # somebody takes out what it puts
        puts = operation.does == "put" and is_end(operation.receiver, self.channel.entrance)
        if state == "before" and puts and not self.writing and self._tells(operation):
            return ("ended",)  # it may be told to stop
        return (state,)

    def _begins_reader(self, operation: Operation) -> bool:
        return not self.writing and self.room.begins_reader(operation, self.channel)

    def _tells(self, put: Operation) -> bool:
        consumer = self.room.program.sentinels.consumer(self.worker, self.channel)
        if consumer is None:
            return False
        return self.room.program.sentinels.sends(put, consumer.sentinels) is not False

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return (state,)

    def called(self, state: str, call: f.Call, activation: Activation) -> str:
        made = self.room.program.record.made.get((activation, call.at), ())
        fresh = self.channel.exit in made
        return "before" if fresh and state in ("killed", "ended", "late") else state

    def repeated(self, state: str) -> Iterable[str]:
        return ("ended",)
