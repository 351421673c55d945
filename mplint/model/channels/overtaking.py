"""Sentinels that are put while items are still to come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.catalog import python
from mplint.model import facts as f
from mplint.model.channels.failing import is_end
from mplint.model.nouns import MAIN
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import NORMAL, Machine, Raised
from mplint.model.state.once import is_many, is_single
from mplint.model.values import Activation, Values

if TYPE_CHECKING:
    from mplint.model.channels.sentinels import Sentinels
    from mplint.model.nouns import Channel, Operation, Runner, Worker
    from mplint.model.paths.counts import Count
    from mplint.model.program import Program

_ORDERING = frozenset({"barrier", "event", "condition", "lock", "value", "proxy"})
"""By what processes can find out who is the last of them."""

_WAITING = ("sleep", "wait", "join", "input", "active_children", "select", "result")


class Overtaking(Struct, frozen=True):
    """A sentinel after which `producer` puts another item with `item`, while whoever does `get` has
    ended. `each` says that every process of the producer puts one; else somebody else does, while
    the producer runs."""

    producer: Worker
    consumer: str
    get: Operation
    item: Operation
    each: bool


class _Taker(Struct, frozen=True):
    """Who takes from a channel until the first sentinel, and never once more."""

    runner: Runner
    get: Operation
    sentinels: Values
    whole: bool

    @property
    def name(self) -> str:
        return "the main process" if isinstance(self.runner, str) else f"`{self.runner.name}`"


class _First(Machine[str]):
    """`got` an item, `told` by a sentinel. `goes_on` where a path that was told takes once more, as
    it does who counts the sentinels, or may do so."""

    def __init__(self, sentinels: Sentinels, channel: Channel) -> None:
        self.sentinels = sentinels
        self.channel = channel
        self.goes_on = False
        self.known: Values = frozenset()
        self.whole = True

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation.does == "get" and is_end(operation.receiver, self.channel.exit):
            self.goes_on |= state == "told"
            return ("got",)
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)

    def ended(self, state: str, operation: Operation) -> Iterable[str]:
        if is_end(operation.receiver, self.channel.exit):
            self.known |= self.sentinels.iterated_until(operation) or frozenset()
            return ("told",)
        return (state,)

    def repeated(self, state: str) -> Iterable[str]:
        self.goes_on = True
        return (state,)

    def test(self, state: str, test: f.Expr, activation: Activation, holds: bool) -> str:
        found = self.sentinels.test_of(test, activation)
        if found is None or not is_end(found.get.receiver, self.channel.exit):
            return state
        if not isinstance(test, (f.Comparison, f.Unary)):
            self.goes_on = True  # `item is None and done == 3`, or `if item`
        self.known |= found.sentinel
        self.whole &= found.whole
        return "told" if found.equal is holds else state


class _Running(Machine[str]):
    """`idle`, then `running` when the producer is started, then `unknown` when anything is waited
    for that may be its end; notes in which states the sentinel is put."""

    def __init__(self, program: Program, producer: Worker, put: Operation) -> None:
        self.program = program
        self.producer = producer
        self.put = put
        self.at_put: set[str] = set()

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation is self.put:
            self.at_put.add(state)
            return (state,)
        if operation.receiver is self.producer.holder:
            if operation.does != "start":
                return ("unknown",)
            return ("running" if state == "idle" else state,)
        if operation.method.waits and operation.does != "put":
            return ("unknown",)
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        if operation is self.put:
            self.at_put.add("unknown")
        if operation.does in ("start", "put"):
            return self.operate(state, operation)
        return ("unknown",)

    def hidden(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        path = self.program.record.externals.get((activation, at))
        if path is None or path.rpartition(".")[2] in _WAITING:
            return ("unknown",)
        known = path in python.QUIET or path.partition(".")[0] in python.QUIET_MODULES
        return (state,) if known or "." not in path else ("unknown",)

    def repeated(self, state: str) -> Iterable[str]:
        return ("unknown",)


class _Sending(Machine[str]):
    """`working` until an item is put, then `fed`, then `told` by the sentinel."""

    def __init__(self, put: Operation, items: list[Operation]) -> None:
        self.put = put
        self.items = items

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation is self.put:
            return ("told" if state in ("fed", "told") else "bare",)
        return ("fed",) if operation in self.items and state != "told" else (state,)

    def repeated(self, state: str) -> Iterable[str]:
        return ("bare",)


def overtakes(program: Program, put: Operation) -> Overtaking | None:
    """For the put of a sentinel: a producer that is certainly still to put an item, and a consumer
    that does not wait for it."""
    channel = program.waiting.channel_of(put)
    if channel is None or not channel.is_closed_world or not put.sure or put.call is None:
        return None
    if channel.kind.role != "queue" or not is_single(program, channel.exit):
        return None
    takers = _takers(program, channel)
    if not takers:
        return None
    told = [_tells(program, put, taker) for taker in takers]
    if not all(answer is True for answer in told):
        return None
    if put.runners == {MAIN}:
        return _sent_too_early(program, put, channel, takers)
    return _sent_by_each(program, put, channel, takers)


def _tells(program: Program, put: Operation, taker: _Taker) -> bool | None:
    return program.sentinels.sends_one(put, taker.sentinels, whole=taker.whole)


def _takers(program: Program, channel: Channel) -> list[_Taker]:
    """All who take from a channel, when each of them ends at the first sentinel; else nobody."""
    found: dict[Runner, _Taker] = {}
    for get in channel.gets:
        for runner in get.runners:
            if runner in found or not get.sure or program.threads.reached.get(get.activation):
                return []
            taker = _taker(program, runner, get, channel)
            if taker is None:
                return []
            found[runner] = taker
    return list(found.values())


def _taker(program: Program, runner: Runner, get: Operation, channel: Channel) -> _Taker | None:
    if isinstance(runner, str):
        roots = list(program.upward(get.activation))[-1:]
        if not get.is_iterated and not (get.waits_for_ever and _is_in_endless_loop(program, get)):
            return None
    else:
        if runner.in_pool or runner.kind.family != "process" or len(runner.entries) != 1:
            return None
        if program.sentinels.consumer(runner, channel) is None:
            return None
        roots = runner.entries
    machine = _First(program.sentinels, channel)
    flow = Flow(program, machine)
    for root in roots:
        flow.ends(root, "idle")
    if machine.goes_on or not machine.known or not roots:
        return None
    return _Taker(runner, get, machine.known, machine.whole)


def _is_in_endless_loop(program: Program, get: Operation) -> bool:
    """Whether nothing but what is got ends the loop around a get."""
    for frame in program.outline(get.activation).around(get.at):
        if isinstance(frame.node, f.While):
            truth = program.truth(frame.node.test, get.activation)
            return frame.part == "test" or truth is True
        if isinstance(frame.node, f.For):
            return False
    return False


# Put by the parent --------------------------------------------------------------------------------


def _sent_too_early(
    program: Program, put: Operation, channel: Channel, takers: list[_Taker]
) -> Overtaking | None:
    for producer in _producers(program, channel):
        starts = producer.operations("start")
        if not starts or producer.holder in program.solver.escapes:
            continue
        involved = [put, *starts]
        items = _items(program, producer, channel, takers)
        if not items or program.threads.of(put.activation):
            continue
        if program.killing.kills_children or producer.operations("kill"):
            continue
        roots = [
            root
            for root in program.upward(put.activation)
            if program.ending.is_all_inside(involved, root)
        ]
        if not roots:
            continue
        machine = _Running(program, producer, put)
        Flow(program, machine).ends(roots[-1], "idle")
        if machine.at_put in ({"running"}, {"idle", "running"}):
            return Overtaking(producer, takers[0].name, takers[0].get, items[0], each=False)
    return None


def _producers(program: Program, channel: Channel) -> list[Worker]:
    found = {
        runner
        for runner in channel.senders
        if not isinstance(runner, str) and not runner.in_pool and runner.kind.family == "process"
    }
    takers = channel.takers
    return sorted(found - takers, key=lambda worker: worker.order)


def _items(
    program: Program, producer: Worker, channel: Channel, takers: list[_Taker]
) -> list[Operation]:
    """What a producer puts that is certainly no sentinel, when that is all; else nothing."""
    puts = [put for put in channel.puts if producer in put.runners]
    if all(put.sure and _tells(program, put, t) is False for put in puts for t in takers):
        return puts
    return []


# Put by each producer -----------------------------------------------------------------------------


def _sent_by_each(
    program: Program, put: Operation, channel: Channel, takers: list[_Taker]
) -> Overtaking | None:
    if len(takers) != 1 or len(put.runners) != 1:
        return None
    (producer,) = put.runners
    (taker,) = takers
    if isinstance(producer, str) or producer not in _producers(program, channel):
        return None
    if len(producer.entries) != 1 or not is_many(program, producer):
        return None
    if not _is_fewer(program, taker.runner, producer, channel):
        return None
    items = [
        other
        for other in channel.puts
        if producer in other.runners and _tells(program, other, taker) is False
    ]
    if not items or _may_tell_apart(program, producer, put):
        return None
    flow = Flow(program, _Sending(put, items))
    for way, states in flow.ends(producer.entries[0], "working").items():
        if not isinstance(way, Raised) and (way != NORMAL or set(states) != {"told"}):
            return None
    return Overtaking(producer, taker.name, taker.get, items[0], each=True)


def _is_fewer(program: Program, taker: Runner, producer: Worker, channel: Channel) -> bool:
    """Whether fewer processes take than put."""
    takers: Count | None = None
    if isinstance(taker, str):
        return True
    takers = program.amounts.processes(taker, channel)
    if takers is None or takers.known is None:
        return False
    producers = program.amounts.processes(producer, channel)
    if producers is None:
        return False
    return takers.known == 1 if producers.known is None else takers.known < producers.known


def _may_tell_apart(program: Program, producer: Worker, put: Operation) -> bool:
    """Whether the processes of a producer may know which of them is the last, or wait for it."""
    inside = program.below(producer.entries[0])
    for operation in program.operations:
        if operation.activation in inside and operation.kind.role in _ORDERING:
            return True
    outline = program.outline(put.activation)
    return any(
        isinstance(frame.node, (f.Branch, f.Match)) or _is_short(frame.node)
        for frame in outline.around(put.at)
    )


def _is_short(node: f.Step | f.Expr) -> bool:
    """`last and queue.put(None)`."""
    return isinstance(node, (f.Boolean, f.Conditional))
