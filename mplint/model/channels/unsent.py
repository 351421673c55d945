"""Items that a process has had no time to send, as it is killed right after its start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.failing import is_end
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine
from mplint.model.paths.raising import raises
from mplint.model.state.once import is_many
from mplint.model.values import Activation

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program


class Unflushed(Struct, frozen=True):
    """Items that a process has put and that its hard exit drops: one of the puts, and where the
    items should have arrived."""

    call: str
    put: Operation
    get: Operation


class _Killed(Machine[str]):
    """`idle` → `started` → `killed` → `waited` for an item; `late` when something took its time
    since the start."""

    def __init__(self, kill: Operation, worker: Worker, channel: Channel) -> None:
        self.kill = kill
        self.worker = worker
        self.channel = channel
        self.get: Operation | None = None

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation.receiver is self.worker.holder and operation.does == "start":
            return ("started",)
        if operation is self.kill:
            return ("killed",) if state == "started" else ("late",)
        if is_end(operation.receiver, self.channel.exit) and operation.does == "get":
            if state == "killed" and operation.waits_for_ever:
                self.get = self.get or operation
                return ("waited",)
        slow = state == "started" and self.worker.program.killing.waits(operation)
        return ("late",) if slow else (state,)

    def hidden(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        program = self.worker.program
        path = program.record.externals.get((activation, at))
        call = program.outline(activation).expressions.get(at)
        works = isinstance(call, f.Call) and raises(call, path)
        return ("late",) if state == "started" and (works or path == "time.sleep") else (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return ("late",)

    def repeated(self, state: str) -> Iterable[str]:
        return ("late",)


def killed_at_once(program: Program, kill: Operation) -> Unflushed | None:
    """For a `terminate()` or `kill()`: nothing takes its time between the start of the process and
    this, and afterwards somebody waits for ever for what only this process puts."""
    for worker in program.processes_of(kill.receiver):
        if worker.in_pool or is_many(program, worker):
            continue
        for channel in program.channels.values():
            if channel.kind.family != "process" or channel.kind.role != "queue":
                continue
            if not channel.is_closed_world or any(p.runners != {worker} for p in channel.puts):
                continue
            put = next((put for put in channel.puts if put.sure), None)
            for root in program.upward(kill.activation) if put is not None else ():
                machine = _Killed(kill, worker, channel)
                Flow(program, machine).ends(root, "idle")
                if machine.get is not None and put is not None:
                    return Unflushed(kill.text, put, machine.get)
    return None
