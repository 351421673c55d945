"""Whether consumers hear of the end of the work: on failures too, and not before it is there."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mplint.catalog import python
from mplint.model.channels.failing import places_of
from mplint.model.channels.overtaking import Overtaking, overtakes
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import NORMAL, Machine, Place, Raised
from mplint.model.paths.passing import Passing
from mplint.model.paths.raising import RARE, Error
from mplint.model.values import Activation, Site, Values

if TYPE_CHECKING:
    from mplint.model.channels.sentinels import Consumer
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program


class Unfinished(Struct, frozen=True):
    """A consumer whose sentinel is not sent when something fails: `at` is what fails, `start` where
    the consumer is started."""

    consumer: Consumer
    start: Operation
    at: Site


class _Elsewhere(Machine[str]):
    """What a consumer and those who tell it the end have nothing to do with."""

    def fail(self, state: str, error: Error, at: Site) -> str:
        # whoever asserts, checks the program itself
        return "failed" if state == "started" and error != "AssertionError" else state

    def repeated(self, state: str) -> Iterable[str]:
        return ("told",)


class _Ending(_Elsewhere):
    """`idle` → `started` with the consumer, → `failed` by an error, → `told` by a sentinel. Whoever
    kills the consumer tells it as well."""

    def __init__(self, worker: Worker, senders: list[Operation]) -> None:
        self.worker = worker
        self.senders = senders
        self.tells = False  # after it was started
        done = ((sender.activation, sender.at) for sender in senders)
        places = places_of(worker.program, worker.holder, "start", "kill", "close")
        self._places = places.union(done)

    def concerns(self, state: str) -> frozenset[Place]:
        return self._places

    def elsewhere(self) -> tuple[Hashable, Machine[Any]]:
        return "ending", _Elsewhere()

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation.receiver is self.worker.holder:
            if operation.does == "start" and state == "idle":
                return ("started",)
            if operation.does in ("kill", "close"):
                return ("told",)
        if operation in self.senders:
            self.tells |= state == "started"
            return ("told",)
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)


class _AtExit(Machine[str]):
    """`idle` → `started` with the consumer, → `open` by what may tell it, or may never end."""

    def __init__(self, start: Operation) -> None:
        self.start = start

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation is self.start:
            return ("started",)
        waits = operation.method.waits and operation.does not in ("put", "acquire")
        return ("open",) if waits and state == "started" else (state,)

    def hidden(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        path = self.start.program.record.externals.get((activation, at))
        return (state,) if path in python.QUIET or state == "idle" else ("open",)

    def repeated(self, state: str) -> Iterable[str]:
        return ("open",)


class _Emptied(Machine[bool]):
    """Whether what was raised last was raised by a get because there was nothing."""

    def __init__(self, get: Operation) -> None:
        self.get = get

    def fail(self, state: bool, error: Error, at: Site) -> bool:
        return error == EMPTY and at == self.get.site


EMPTY = "queue.Empty"
PATIENCE = 10.0
"""Seconds; whoever waits longer and then gives up, may well mean to."""


class Ending:
    """The questions about the ends of consumers, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._ending: dict[Channel, dict[Operation, list[Consumer]]] = {}
        self._tells: dict[tuple[Channel, Values, bool], list[tuple[Operation, bool | None]]] = {}

    def untold_at_exit(self, start: Operation) -> Consumer | None:
        """For the start of a consumer that nobody joins: the consumer, where nobody tells it to
        stop either, so that the program waits for it at its end."""
        program = self.program
        if start.does != "start" or start.kind.role != "process" or not start.sure:
            return None
        sentinels = program.sentinels
        for worker in program.processes_of(start.receiver):
            if worker.daemon is not False:
                continue
            if worker.operations("join", "kill") or program.killing.kills_children:
                continue
            for channel in program.channels_with(worker, "get"):
                if channel.kind.family != "process" or not channel.is_closed_world:
                    continue
                consumer = sentinels.consumer(worker, channel)
                if consumer is None or not channel.puts:
                    continue
                told = [sentinels.sends(put, consumer.sentinels) for put in channel.puts]
                if all(answer is False for answer in told) and self._comes_to_its_end(start):
                    return consumer
        return None

    def _comes_to_its_end(self, start: Operation) -> bool:
        """Whether the program that starts a process comes to its end for certain after that."""
        *_, root = self.program.upward(start.activation)
        if root.scope.kind != "module":
            return False
        ends = Flow(self.program, _AtExit(start)).ends(root, "idle").get(NORMAL, {})
        return "started" in ends and "open" not in ends

    def unfinished(self, put: Operation) -> Unfinished | None:
        """For the put of a sentinel: a consumer that waits for ever, and keeps the program from
        ending, when something fails before it."""
        program = self.program
        channel = program.waiting.channel_of(put)
        if channel is None or channel.kind.role != "queue" or channel.kind.family != "process":
            return None
        if not channel.is_closed_world or not put.sure or put.call is None:
            return None
        for consumer in self._first_told(channel).get(put, ()):
            unfinished = self._unfinished(put, consumer)
            if unfinished is not None:
                return unfinished
        return None

    def _first_told(self, channel: Channel) -> dict[Operation, list[Consumer]]:
        """The consumers of a channel, by the first put that may end them."""
        if channel in self._ending:
            return self._ending[channel]
        found = self._ending[channel] = {}
        program = self.program
        for worker in dict.fromkeys(r for get in channel.gets for r in get.runners):
            if isinstance(worker, str) or worker.in_pool or worker.daemon is not False:
                continue
            if worker.kind.family != "process" or worker.holder in program.solver.escapes:
                continue
            consumer = program.sentinels.consumer(worker, channel, failing=True)
            tellers = self._tellers(consumer) if consumer is not None else []
            if consumer is not None and tellers:  # one finding for all of them
                found.setdefault(tellers[0], []).append(consumer)
        return found

    def _unfinished(self, put: Operation, consumer: Consumer) -> Unfinished | None:
        program, worker = self.program, consumer.worker
        senders = self._senders(consumer)
        starts = worker.operations("start")
        if not starts or program.killing.kills_children:
            return None
        involved = [*senders, *starts, *worker.operations("kill", "close")]
        roots = [
            root
            for root in program.upward(starts[0].activation)
            if self.is_all_inside(involved, root)
        ]
        if not roots or any(program.threads.of(o.activation) for o in involved):
            return None
        machine = _Ending(worker, senders)
        ends = Passing(program, machine).ends(roots[-1], "idle")
        if not machine.tells:
            return None
        failures = []
        for way, states in ends.items():
            why = states.get("failed")
            if why is None or not (isinstance(way, Raised) or way == NORMAL):
                continue
            if way == NORMAL and "started" in states:
                continue  # it may end so without an error, too: somebody else tells it
            if why.weight > RARE:
                failures.append(why)
        if not failures:
            return None
        likeliest = max(failures, key=lambda why: (why.weight, -why.site.at))
        return Unfinished(consumer, starts[0], likeliest.site)

    def overtakes(self, put: Operation) -> Overtaking | None:
        """For the put of a sentinel: items that are still to come, and whose consumer has ended."""
        return overtakes(self.program, put)

    def ended_by_empty(self, get: Operation) -> Worker | None:
        """For a get in a loop that gives up at once or after a while: the process that ends by
        queue.Empty as soon as nothing is there."""
        program = self.program
        if get.does != "get" or EMPTY not in get.gives_up_with or not get.sure or not get.call:
            return None
        timeout = get.constant("timeout")
        if get.blocks is not False and not (
            isinstance(timeout, (int, float)) and timeout <= PATIENCE
        ):
            return None
        if program.waiting.channel_of(get) is None or program.excuses.is_guarded(get):
            return None
        if not program.outline(get.activation).loops(get.at) or program.threads.of(get.activation):
            return None
        for worker in sorted((r for r in get.runners if not isinstance(r, str)), key=str):
            if worker.in_pool or worker.kind.family != "process":
                continue
            for entry in worker.entries:
                ends = Flow(program, _Emptied(get)).ends(entry, False)
                if not program.failing.is_opaque(entry) and True in ends.get(Raised(EMPTY), {}):
                    return worker
        return None

    def _senders(self, consumer: Consumer) -> list[Operation]:
        """The puts that send a sentinel, or may do so."""
        return [put for put, answer in self._told(consumer) if answer is not False]

    def _tellers(self, consumer: Consumer) -> list[Operation]:
        """The puts that certainly send a sentinel."""
        return [put for put, answer in self._told(consumer) if answer]

    def _told(self, consumer: Consumer) -> list[tuple[Operation, bool | None]]:
        """What is put, and whether it ends a consumer. Consumers with one sentinel are alike."""
        key = (consumer.channel, consumer.sentinels, consumer.whole)
        if key not in self._tells:
            tells = self.program.sentinels.tells
            self._tells[key] = [(put, tells(put, consumer)) for put in consumer.channel.puts]
        return self._tells[key]

    def is_all_inside(self, operations: list[Operation], root: Activation) -> bool:
        """Whether some operations are done in a call of `root`, and nowhere else."""
        program = self.program
        inside = program.below(root)
        # from each of them upward, all calls begin at the root
        seen = {root}
        upward = [operation.activation for operation in operations]
        while upward:
            activation = upward.pop()
            if activation in seen:
                continue
            seen.add(activation)
            if activation not in inside or activation in program.solver.from_outside:
                return False
            upward += [edge.caller for edge in program.callers[activation]]
        return True
