"""Whether every item that is taken from a joinable queue is marked as done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.early import Early, Working, early
from mplint.model.channels.failing import Failure, error_name, is_end
from mplint.model.channels.marking import Excess, Marking, has_several_targets
from mplint.model.paths.assuming import Assumed, Assuming, without
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Gone, Machine, Raised
from mplint.model.values import (
    Activation,
    Literal,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.channels.sentinels import Sentinels
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program


class Skipped(Struct, frozen=True):
    """A path of a consumer on which an item is never marked as done."""

    worker: Worker
    get: Operation
    failure: Failure | None

    @property
    def how(self) -> str:
        """How the consumer leaves the item, in words."""
        return "can end by an error" if self.failure is not None else "can go on or end"


class _Before(Machine[bool]):
    """Whether an operation is reached after one of some others."""

    def __init__(self, last: Operation, others: list[Operation]) -> None:
        self.last = last
        self.others = others
        self.seen = False

    def operate(self, state: bool, operation: Operation) -> Iterable[bool]:
        if operation is self.last and state:
            self.seen = True
        return (state or operation in self.others,)


class _Owing(Machine[str]):
    """`done`, or `owing` between a get and its task_done; remembers gets that find it owing. What
    it owes for a sentinel is `told` or `ended`, as that may be put when nobody counts any more."""

    def __init__(self, channel: Channel, sentinels: Sentinels) -> None:
        self.channel = channel
        self.sentinels = sentinels
        self.skipped: Operation | None = None
        self.told: Values = frozenset()

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if is_end(operation.receiver, self.channel.exit):
            if operation.does == "get":
                if state in ("owing", "told"):  # who is told to stop and goes on, was not
                    self.skipped = operation
                return ("owing",)
            if operation.does == "task-done":
                return ("done",)
        return (state,)

    def ended(self, state: str, operation: Operation) -> Iterable[str]:
        if is_end(operation.receiver, self.channel.exit):
            if state == "owing":
                self.skipped = operation
            self.told |= self.sentinels.iterated_until(operation) or frozenset()
            return ("ended",)
        return (state,)

    def repeated(self, state: str) -> Iterable[str]:
        return ("done",)

    def test(self, state: str, test: f.Expr, activation: Activation, holds: bool) -> str | None:
        if state == "owing":
            found = self.sentinels.test_of(test, activation)
            if found is not None and is_end(found.get.receiver, self.channel.exit):
                if found.equal is holds:
                    if self._is_never_sent(found.sentinel):
                        return None  # `job = None` before, and `if job is not None` after the get
                    self.told |= found.sentinel
                    return "told"
        return state

    def _is_never_sent(self, sentinel: Values) -> bool:
        """Whether None is looked for, and certainly never put."""
        if not all(isinstance(value, Literal) and value.value is None for value in sentinel):
            return False
        return all(self.sentinels.sends(put, sentinel) is False for put in self.channel.puts)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        if is_end(operation.receiver, self.channel.exit):
            return ("done",)
        return (state,)


class Tasks:
    """The questions about task counts, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._marking = Marking(program)
        self._working: dict[tuple[Channel, Worker], Working] = {}

    def unfinished(self, join: Operation) -> Skipped | None:
        """For `JoinableQueue.join()`: a path on which a consumer never says that it is done."""
        if join.does != "join-tasks" or not join.sure:
            return None
        channel = self.program.waiting.channel_of(join)
        if channel is None or not channel.is_closed_world:
            return None
        if not self._are_marked_by_takers(join, channel):
            return None
        seen: set[Worker] = set()
        for get in channel.gets:
            for runner in sorted(get.runners, key=str):
                if isinstance(runner, str) or runner.in_pool or runner in seen:
                    continue
                seen.add(runner)  # whichever of its gets it is, the paths are the same
                skipped = self._skipped(runner, channel, get, join)
                if skipped is not None and not self._is_missed_before(skipped, join):
                    return skipped
        return None

    def _is_missed_before(self, skipped: Skipped, join: Operation) -> bool:
        """Whether the function waits before for what a failed consumer sends otherwise: it is there
        that it waits for ever."""
        if skipped.failure is None:
            return False
        outline = self.program.outline(join.activation)
        for channel in self.program.channels_with(skipped.worker, "put"):
            for get in channel.gets:
                before = get.activation is join.activation and outline.precedes(get.at, join.at)
                if before and self.program.waiting.starved(get) is not None:
                    return True
        return False

    def excess(self, mark: Operation) -> Excess | None:
        """For `task_done()`: a path on which a worker has nothing to mark."""
        return self._marking.excess(mark)

    def early(self, mark: Operation) -> Early | None:
        """For the same: a worker that has its work still to do, when nobody waits for it any
        more."""
        return early(self.program, mark, self._working)

    def _are_marked_by_takers(self, join: Operation, channel: Channel) -> bool:
        """Whether all who mark items have taken some: else one takes them for another one. Of a
        worker with several targets nobody knows."""
        takers = channel.takers
        if any(not isinstance(r, str) and has_several_targets(r) for r in takers):
            return False
        return all(
            takers.issuperset(operation.runners)
            for operation in self.program.on.get(join.receiver, ())
            if operation.does == "task-done"
        )

    def _skipped(
        self, worker: Worker, channel: Channel, get: Operation, join: Operation
    ) -> Skipped | None:
        machine = _Owing(channel, self.program.sentinels)
        flow = Flow(self.program, Assuming(self.program, machine))
        failure = None
        for entry in worker.entries:
            if self.program.failing.is_opaque(entry):
                continue
            for way, assumed in flow.ends(entry, Assumed("done")).items():
                states = without(assumed)
                told = states.keys() & {"told", "ended"}
                if told and self._told_before(join, channel, machine.told):
                    return Skipped(worker, get, None)
                if "owing" not in states or isinstance(way, Gone):
                    continue
                why = states["owing"]
                if isinstance(way, Raised) and why is not None:
                    failure = failure or Failure(worker, why.site, error_name(way.error))
                elif not isinstance(way, Raised):
                    return Skipped(worker, get, None)
        if failure is not None or machine.skipped is not None:
            return Skipped(worker, get, failure)
        return None

    def _told_before(self, join: Operation, channel: Channel, told: Values) -> bool:
        """Whether a sentinel is put before the count is waited for, so that it is counted too."""
        senders = [put for put in channel.puts if self.program.sentinels.sends(put, told)]
        machine = _Before(join, senders)
        for root in self.program.upward(join.activation):
            Flow(self.program, machine).ends(root, False)
        return machine.seen
