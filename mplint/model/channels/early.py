"""Items of a joinable queue that are marked as done before the work on them begins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.failing import is_end
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import NORMAL, Machine
from mplint.model.paths.raising import raises
from mplint.model.processes.killing import Ending
from mplint.model.values import Activation, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program


class Early(Struct, frozen=True):
    """A mark that comes before the work: what `worker` is at when the `join` of the queue has ended
    and the program ends."""

    worker: Worker
    get: Operation
    work: Site
    join: Operation

    why = "marks an item as done before the work on it begins"
    effect = (
        "the `join()` of the queue does not wait for the last items, and the program, which ends "
        "after it, kills the process at its work"
    )


class Working(Machine[str]):
    """`idle` → `fresh` by a get → `marked`, or `worked` when the work comes first."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.marks: set[Operation] = set()
        self.work: Site | None = None
        self.late = False  # a mark of something that was worked at

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if not is_end(operation.receiver, self.channel.exit):
            return (state,)
        if operation.does == "get":
            return ("fresh",)
        if operation.does == "task-done":
            self.late = self.late or state != "fresh"
            self.marks.add(operation)
            return ("marked",)
        return (state,)

    def hidden(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        program = self.channel.program
        path = program.record.externals.get((activation, at))
        call = program.outline(activation).expressions.get(at)
        works = isinstance(call, f.Call) and raises(call, path)
        if not works and path != "time.sleep":
            return (state,)
        if state == "marked" and self.work is None:
            self.work = Site(activation.path, at)
        return ("worked",) if state == "fresh" else (state,)

    def repeated(self, state: str) -> Iterable[str]:
        self.late = True  # of a recursive call nothing is known
        return (state,)


def early(
    program: Program, mark: Operation, known: dict[tuple[Channel, Worker], Working]
) -> Early | None:
    """For `task_done()` in daemons: it comes before the work, and nothing but the join of the queue
    keeps the program from ending, and the daemons with it. `known` is what workers are known to do
    already."""
    waiting = program.waiting
    channel = waiting.channel_of(mark) if mark.does == "task-done" and mark.sure else None
    if channel is None or not channel.is_closed_world:
        return None
    joins = program.done_to(mark.receiver, "join-tasks")
    for worker in mark.runners:
        if isinstance(worker, str) or worker.in_pool or worker.daemon is not True:
            continue
        gets = [get for get in channel.gets if worker in get.runners]
        if not gets or any(program.failing.is_opaque(entry) for entry in worker.entries):
            continue
        machine = known.get((channel, worker))
        if machine is None:
            machine = known[channel, worker] = Working(channel)
            flow = Flow(program, machine)
            for entry in worker.entries:
                flow.ends(entry, "idle")
        if machine.work is None or machine.late or machine.marks - {mark}:
            continue
        for join in joins:
            if join.sure and _ends_with(program, join):
                return Early(worker, gets[0], machine.work, join)
    return None


def _ends_with(program: Program, join: Operation) -> bool:
    """Whether the main process waits for nothing else after a join."""
    ends: set[object] = set()
    for module in program.solver.modules.values():
        machine = Ending(program.killing, join, [])
        ends |= set(Flow(program, machine).ends(module, "before").get(NORMAL, ()))
    return "running" in ends and "waited" not in ends
