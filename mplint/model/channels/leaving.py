"""What keeps a program from ending: items that nobody takes out, which its end waits for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.sizes import overfills, writes_itself
from mplint.model.nouns import MAIN
from mplint.model.outline import can_leave
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import NORMAL, Machine

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program


class Undrained(Struct, frozen=True):
    """A worker that is joined while what it has put is not taken out: `put` is the worker's, `get`
    the one that comes too late, None where there is none at all. Without a worker, the main process
    has put it, and cannot end."""

    worker: Worker | None
    channel: Channel
    put: Operation
    get: Operation | None


class _Passed(Machine[bool]):
    """Whether a path has done an operation."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    def operate(self, state: bool, operation: Operation) -> Iterable[bool]:
        return (state or operation is self.operation,)


def left_behind(program: Program, put: Operation) -> Undrained | None:
    """For a put of the main process on a queue that nobody reads: there is certainly more than a
    pipe holds, and Python waits at the end of the program until it is written out."""
    if put.does != "put" or not put.sure or put.launch is not None or put.runners != {MAIN}:
        return None
    channel = program.waiting.channel_of(put)
    if channel is None or not _has_feeder(channel) or not channel.is_closed_world:
        return None
    if channel.gets or channel.bound != 0 or _is_dropped(channel):
        return None
    if not overfills(put, channel):
        return None
    first = next((each for each in channel.puts if each.sure and overfills(each, channel)), put)
    if put.site != first.site or not _ends_after(program, put):
        return None
    return Undrained(None, channel, put, None)


def unjoined(program: Program, start: Operation) -> Undrained | None:
    """For the start of a process that nobody joins, so that the end of the program does: it puts
    more than is ever taken out."""
    if start.does != "start" or not program.lifecycle.is_process(start) or not start.sure:
        return None
    if start.runners != {MAIN} or start.receiver in program.solver.escapes:
        return None
    for worker in program.processes_of(start.receiver):
        if worker.daemon is not False:
            continue
        if worker.operations("join", "kill", "close"):
            continue
        for channel in program.draining.filled_by(worker):
            put = _more_than_taken(program, worker, channel)
            if put is not None and _ends_after(program, start):
                return Undrained(worker, channel, put, next(iter(channel.gets), None))
    return None


def _more_than_taken(program: Program, worker: Worker, channel: Channel) -> Operation | None:
    """A put of a worker that is repeated more often than there are gets of the main process."""
    if _is_dropped(channel) or channel.bound != 0:
        return None
    if any(get.runners != {MAIN} or program.threads.of(get.activation) for get in channel.gets):
        return None
    taken = program.amounts.puts(channel.gets, channel) if channel.gets else None
    if channel.gets and (taken is None or taken.known is None):
        return None
    for put in channel.puts:
        if worker in put.runners and put.sure and not program.excuses.is_service(put):
            if overfills(put, channel, spare=taken.known or 0 if taken is not None else 0):
                return put
            if program.draining.is_unbounded(put) and _is_per_item(program, put):
                return put
    return None


def _is_per_item(program: Program, put: Operation) -> bool:
    """Whether something is put for each element of what is not known, to the last one."""
    outline = program.outline(put.activation)
    loops = [frame.node for frame in outline.loops(put.at)]
    if not loops:
        return False
    for loop in loops:
        if not isinstance(loop, f.For) or can_leave(loop.body):
            return False
        if program.operations_at.get((put.activation, loop.source.at)):
            return False  # it goes through what it gets
        length = program.counter.length(loop.source, put.activation)
        if length is not None and length.known is not None:
            return False
    return not any(isinstance(frame.node, (f.Branch, f.Match)) for frame in outline.around(put.at))


def _has_feeder(channel: Channel) -> bool:
    """Whether a background thread writes out what is put."""
    kind = channel.kind
    return kind.family == "process" and kind.role == "queue" and not writes_itself(channel)


def _is_dropped(channel: Channel) -> bool:
    """Whether somebody gives up what has not been written out: `cancel_join_thread()`."""
    return "drop" in channel.program.verbs.get(channel.entrance, ())


def _ends_after(program: Program, operation: Operation) -> bool:
    """Whether the main process comes to its end by itself after an operation, and nothing in the
    program kills processes."""
    if program.killing.kills_children:
        return False
    flow = Flow(program, _Passed(operation))
    return any(
        True in flow.ends(module, False).get(NORMAL, {})
        for module in program.solver.modules.values()
    )
