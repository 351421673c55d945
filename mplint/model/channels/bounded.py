"""Whether there will be room for what is put on a bounded queue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.failing import Failure
from mplint.model.channels.sequence import Sequence
from mplint.model.channels.sizes import fills, overfills, writes_itself
from mplint.model.channels.throttling import Throttle, is_for_ever, throttle
from mplint.model.facts import describe
from mplint.model.nouns import MAIN

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Runner, Worker
    from mplint.model.outline import Around
    from mplint.model.program import Program
    from mplint.model.values import Site


class StuckPut(Struct, frozen=True):
    """A put that waits for room which nobody makes. `failure` is how the consumer ends; `full` is
    the put in which the consumer itself waits; where both are None, it is not started yet
    (`started` later, or never). `own` is the get of the same process, which comes too late, and
    `held` a loop before the put, which is where it waits."""

    channel: Channel
    worker: Worker | None
    failure: Failure | None = None
    full: Operation | None = None
    started: Operation | None = None
    own: Operation | None = None
    held: Throttle | None = None

    @property
    def once(self) -> str:
        """When it begins to wait, in words."""
        if self.held is not None:
            return "once nothing is taken out of the queue any more"
        if not writes_itself(self.channel):
            return "once the queue is full"
        return "once there is more in the queue than the 64 KiB of a pipe"

    @property
    def why(self) -> str:
        """Why nobody makes room, in words."""
        if self.own is not None:
            return "it is taken out by the same process, which comes to that only after this"
        if self.worker is None:
            return "nobody takes anything out of it"
        if self.failure is not None:
            return f"`{self.worker.name}`, which should empty it, can end by an error"
        if self.full is not None:
            return (
                f"`{self.worker.name}`, which should empty it, waits itself for room in a queue "
                "that is emptied only after this"
            )
        return f"`{self.worker.name}`, which should empty it, is not started yet"

    @property
    def cure(self) -> str:
        """What to do about it, in words."""
        if self.own is not None or (self.worker is None and writes_itself(self.channel)):
            return "Use a `Queue`, or let another process take out what is put here."
        if self.held is not None:
            return (
                "Let the consumer catch errors per item and go on, or look in the loop whether it "
                "is alive."
            )
        if self.failure is not None:
            return (
                "Let the consumer catch errors per item and go on, or put with `timeout=` in a "
                "loop that checks `is_alive()`."
            )
        if self.full is not None:
            return "Take results out while items are put in, or make the result queue unbounded."
        return "Start the consumers before anything is put, or make the queue unbounded."


class Bounded:
    """The questions about bounded queues, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._sequence = Sequence(program)
        self._first: dict[Channel, Site | None] = {}

    def stuck(self, put: Operation) -> StuckPut | None:
        """For a put that waits for room: how nobody can make any."""
        if not put.waits_for_ever or not put.sure or put.launch is not None:
            return None
        channel, excuses = self.program.waiting.channel_of(put), self.program.excuses
        if channel is None or channel.kind.role != "queue" or not channel.is_closed_world:
            return None
        takers = channel.takers
        if writes_itself(channel):
            if excuses.in_daemon(put) or excuses.checks_liveness(put):
                return None
            return self._unread(put, channel, takers)
        if channel.bound == 0 or put.site != self._first_stuck(channel, takers):
            return None  # one finding for all that wait for the same
        return self._full(put, channel, takers)

    def _first_stuck(self, channel: Channel, takers: frozenset[Runner]) -> Site | None:
        """The first place at which a put on a channel waits for room that nobody makes."""
        if channel not in self._first:
            stuck = (put.site for put in channel.puts if self._full(put, channel, takers))
            self._first[channel] = next(stuck, None)
        return self._first[channel]

    def _full(self, put: Operation, channel: Channel, takers: frozenset[Runner]) -> StuckPut | None:
        """The same for a queue with room for so many, whichever put of those it is."""
        excuses = self.program.excuses
        if not put.waits_for_ever or not put.sure or put.launch is not None:
            return None
        if excuses.in_daemon(put) or excuses.checks_liveness(put):
            return None
        workers = [taker for taker in takers if not isinstance(taker, str)]
        if not self._overfills(put, channel, workers):
            return None
        if len(workers) != len(takers) or put.runners & takers:
            return None
        if not workers:
            return StuckPut(channel, None) if channel.bound else None
        if self._is_once_each(put, channel, workers):
            return None
        return (
            self._dead_consumers(put, channel, workers)
            or self._full_consumers(put, channel, workers)
            or self._unstarted(put, channel, workers)
        )

    def _unread(
        self, put: Operation, channel: Channel, takers: frozenset[Runner]
    ) -> StuckPut | None:
        """The same for a queue whose puts write to the pipe themselves: nobody reads it at that
        time, and there is certainly too much for the pipe."""
        big = [each for each in channel.puts if each.sure and overfills(each, channel)]
        if put not in big or put.site != big[0].site:
            return None  # one finding for all that wait for the same
        if not takers:
            return StuckPut(channel, None)
        if takers == put.runners == {MAIN}:
            threads = self.program.threads.reached
            alone = not any(each.activation in threads for each in (put, *channel.gets))
            return StuckPut(channel, None, own=channel.gets[0]) if alone and fills(put) else None
        workers = [taker for taker in takers if not isinstance(taker, str)]
        if len(workers) != len(takers) or put.runners & takers:
            return None
        again = self.program.outline(put.activation).loops(put.at)
        dead = self._dead_consumers(put, channel, workers) if again else None
        return dead or self._unstarted(put, channel, workers)

    def _overfills(self, put: Operation, channel: Channel, workers: list[Worker]) -> bool:
        """Whether a put is repeated more often than there is room."""
        program = self.program
        loops = program.outline(put.activation).loops(put.at)
        again = [frame for frame in loops if not _is_through_queues(frame, put)]
        often = program.draining.is_called_often(put)
        count = program.amounts.puts([put], channel)
        if loops and not again:  # one for each queue
            return often and not self._is_answered(put, workers)
        if count is None:
            return bool(again) or often or not self._is_answered(put, workers)
        if count.known is None:
            return channel.bound is not None or program.draining.repeats(put)
        return channel.bound is not None and count.known > channel.bound

    def _is_answered(self, put: Operation, workers: list[Worker]) -> bool:
        """Whether those who put something take answers of the consumers as well: how many are open
        at a time is up to whoever asks, and an answer that never comes is noticed there."""
        return any(
            get.runners & put.runners
            for worker in workers
            for answers in self.program.channels_with(worker, "put")
            for get in answers.gets
        )

    def _is_once_each(self, put: Operation, channel: Channel, workers: list[Worker]) -> bool:
        """Whether a put is done once for each consumer, as far as is known, to tell it to stop or
        anything else: there is room for that, unless they fail just before."""
        sentinels = self.program.sentinels
        count = self.program.amounts.puts([put], channel)
        here = self.program.counter.turns(put.activation, put.at, at_most=True)
        for turns in (count, here):
            if turns is not None and (turns.known or 0) > (channel.bound or math.inf):
                return False
        consumers = (sentinels.consumer(worker, channel, failing=True) for worker in workers)
        told = (sentinels.tells(put, each) for each in consumers if each is not None)
        return any(told) or self._is_per_process(put, workers)

    def _is_per_process(self, put: Operation, workers: list[Worker]) -> bool:
        """Whether the loops around a put go through a list of the consumers' processes."""
        program = self.program
        loops = program.outline(put.activation).loops(put.at)
        sources = [frame.node.source for frame in loops if isinstance(frame.node, f.For)]
        if len(sources) < len(loops) or not sources or program.draining.is_called_often(put):
            return False
        return all(
            any(
                worker in workers
                for value in program.values(source, put.activation)
                for process in program.solver.cells.get((value, "all"), ())
                for worker in program.processes_of(process)
            )
            for source in sources
        )

    def _dead_consumers(
        self, put: Operation, channel: Channel, workers: list[Worker]
    ) -> StuckPut | None:
        failing, failures = self.program.failing, []
        for worker in workers:
            failure = None if worker.in_pool else failing.early_end(worker, channel, [put])
            if failure is None or self.program.waiting.is_ended_when_told(worker, put):
                return None
            failures.append(failure)
        held = throttle(self.program, put)
        if held is not None and not is_for_ever(self.program, held, channel, put, workers):
            return None  # it lets through only so many
        return StuckPut(channel, workers[0], failures[0], held=held)

    def _full_consumers(
        self, put: Operation, channel: Channel, workers: list[Worker]
    ) -> StuckPut | None:
        """Consumers that wait in a put of their own, for room that the putting side makes only
        after it is done with this loop."""
        here = set(self.program.outline(put.activation).loops(put.at))
        for worker in workers:
            for answers in self.program.draining.filled_by(worker):
                if answers.kind.role != "queue" or answers.bound == 0 or answers is channel:
                    continue
                full = next((p for p in answers.puts if p.waits_for_ever and p.sure), None)
                gets = answers.gets
                if full is None or not gets or not all(g.runners <= put.runners for g in gets):
                    continue
                if any(get.activation is not put.activation for get in gets):
                    continue
                loops = [set(self.program.outline(g.activation).loops(g.at)) for g in gets]
                if not any(here & inside for inside in loops):
                    return StuckPut(channel, worker, full=full)
        return None

    def _unstarted(
        self, put: Operation, channel: Channel, workers: list[Worker]
    ) -> StuckPut | None:
        starts = [start for worker in workers for start in worker.operations("start")]
        if not starts or any(worker.in_pool for worker in workers):
            return None
        for root in self.program.upward(put.activation):
            if all(start.activation is root for start in starts):
                if self._sequence.is_first(put, starts, root):
                    return StuckPut(channel, workers[0], started=starts[0])
        return None


def _is_through_queues(frame: Around, put: Operation) -> bool:
    """Whether a loop goes through the queues that a put in it is on, each of them once."""
    node, queue = frame.node, put.receiver_expression
    if not isinstance(node, f.For):
        return False
    source, target = node.source, node.target
    made = describe(source.function) if isinstance(source, f.Call) else ""
    match queue:
        case f.Subscript(index=f.Name(id=index)):
            if made == "enumerate" and isinstance(target, f.Display) and target.items:
                target = target.items[0]
            return made in ("range", "enumerate") and f.is_name(target, index)
        case f.Name(id=name):
            plain = isinstance(source, (f.Name, f.Attribute)) or made in ("enumerate", "zip")
            return plain and any(f.is_name(leaf, name) for leaf in f.leaves(target))
    return False
