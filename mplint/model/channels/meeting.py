"""Two processes that send to each other before either of them receives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model.channels.failing import is_end
from mplint.model.nouns import MAIN
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Runner, Worker
    from mplint.model.program import Program
    from mplint.model.values import Activation


class Meeting(Struct, frozen=True):
    """A send that meets one from the other side: `other` is what `worker` sends meanwhile, and
    `late` where this side receives it, after its own send."""

    channel: Channel
    worker: Worker
    other: Operation
    late: Operation


class _Sending(Machine[str]):
    """`none` → `sent` by the send → `turned` by a receive after it; → `early` by one before it."""

    def __init__(self, put: Operation, back: Channel) -> None:
        self.put = put
        self.back = back
        self.early = False  # something is received before it is sent
        self.again = False  # and sent once more after something was received
        self.late: Operation | None = None
        self.met: set[Operation] = set()

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation is self.put:
            self.early = self.early or state == "early"
            self.again = self.again or state == "turned"
            return ("sent",) if state == "none" else (state,)
        if operation.does in ("get", "poll") and is_end(operation.receiver, self.back.exit):
            self.met.add(operation)
            if state == "none":
                self.early = True
                return ("early",)
            if operation.does == "get" and state == "sent":
                self.late = self.late or operation
                return ("turned",)
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)

    def repeated(self, state: str) -> Iterable[str]:
        self.early = True  # of a recursive call nothing is known
        return (state,)


def meeting(program: Program, put: Operation) -> Meeting | None:
    """For a send that waits until the other side receives: what the other side sends at the same
    time, and waits for as well."""
    channel = _channel(program, put)
    if channel is None or program.excuses.in_daemon(put):
        return None
    here, there = _only([put]), _only(channel.gets)
    if here is None or there is None or isinstance(there, str) or there is here:
        return None
    if there.in_pool or not program.draining.is_unbounded(put):
        return None
    for other in program.operations:
        if there not in other.runners or other.does != "put":
            continue
        back = _channel(program, other)
        if back is None or back is channel or other.runners != frozenset({there}):
            continue
        if _only(back.gets) != here or not _reports(put, other, here):
            continue
        if not program.draining.is_unbounded(other):
            continue
        big = [program.draining.is_seen_big(each) for each in (put, other)]
        late = _sends_first(program, put, back, program.upward(put.activation), big[0])
        answer = _sends_first(program, other, channel, there.entries, big[1])
        certain = any(big) or all(program.draining.repeats(each) for each in (put, other))
        if late is not None and answer is not None and certain:
            return Meeting(channel, there, other, late)
    return None


def _channel(program: Program, put: Operation) -> Channel | None:
    """The channel of a send that waits for the other side by itself: a pipe, or a queue that has no
    thread to do so."""
    if put.does != "put" or not put.sure or not put.crosses or put.launch is not None:
        return None
    channel = program.waiting.channel_of(put)
    if channel is None or not channel.is_closed_world or channel.kind.family != "process":
        return None
    if channel.kind.role == "queue" and "join_thread" in channel.kind.methods:
        return None
    threads = program.threads.reached
    if any(each.activation in threads for each in (put, *channel.gets)):
        return None
    return channel


def _only(operations: Iterable[Operation]) -> Runner | None:
    """The only process of several operations."""
    found = {runner for operation in operations for runner in operation.runners}
    return found.pop() if len(found) == 1 else None


def _reports(put: Operation, other: Operation, here: Runner) -> bool:
    """Whether the finding is at this one of the two: the one of the main process, or the first."""
    if here == MAIN:
        return True
    return not isinstance(here, str) and _place(put) < _place(other)


def _place(operation: Operation) -> tuple[str, int]:
    return (str(operation.site.path), operation.at)


def _sends_first(
    program: Program, put: Operation, back: Channel, roots: Iterable[Activation], big: bool
) -> Operation | None:
    """The receive that always comes after a send, in all functions that come so far; None when a
    receive is elsewhere. Who sends again and again between receives needs big items for that."""
    above = set(program.upward(put.activation))
    machine = _Sending(put, back)
    for root in roots:
        if root in above:
            Flow(program, machine).ends(root, "none")
    if machine.early or (machine.again and not big):
        return None
    return machine.late if machine.met >= set(back.gets) else None
