"""Whether what is put is taken out again in time: joins, bounded queues, task counts, looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mplint.catalog import python
from mplint.model import facts as f
from mplint.model.flow import Flow, Gone, Machine, Raised
from mplint.model.intrinsics import NAMED_TUPLE
from mplint.model.outline import Outline
from mplint.model.values import (
    UNKNOWN,
    Activation,
    Container,
    Instance,
    Literal,
    Made,
    Named,
    Value,
    Values,
)
from mplint.model.waiting import Failure, error_name, is_end

if TYPE_CHECKING:
    from mplint.model.program import Channel, Operation, Program, Worker
    from mplint.model.sentinels import Sentinels

MAX_SMALL = 1_000
"""A slice up to here is taken to be small."""

MAX_CALLERS = 4
"""How far up the calls we look for the function in which both ends of a question meet."""


@dataclass(frozen=True, slots=True)
class Undrained:
    """A worker that is joined while what it has put is not taken out: `put` is the worker's, `get`
    the one that comes too late, None where there is none at all."""

    worker: Worker
    channel: Channel
    put: Operation
    get: Operation | None


@dataclass(frozen=True, slots=True)
class StuckPut:
    """A put that waits for room which nobody makes. `failure` is how the consumer ends; `full` is
    the put in which the consumer itself waits; where both are None, it is not started yet
    (`started` later, or never)."""

    channel: Channel
    worker: Worker | None
    failure: Failure | None = None
    full: Operation | None = None
    started: Operation | None = None

    @property
    def why(self) -> str:
        """Why nobody makes room, in words."""
        if self.worker is None:
            return "nobody takes anything out of it"
        if self.failure is not None:
            return f"`{self.worker.name}`, which should empty it, can end by an error before"
        if self.full is not None:
            return (
                f"`{self.worker.name}`, which should empty it, waits itself for room in a queue "
                "that is emptied only after this"
            )
        return f"`{self.worker.name}`, which should empty it, is not started yet"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A path of a consumer on which an item is never marked as done."""

    worker: Worker
    get: Operation
    failure: Failure | None

    @property
    def how(self) -> str:
        """How the consumer leaves the item, in words."""
        return "can end by an error" if self.failure is not None else "can go on or end"


@dataclass(frozen=True, slots=True)
class Race:
    """A look at a queue that decides something it cannot decide: with several consumers
    (`takers`), while a worker still puts (`producer`), or right after a `put` of its own."""

    channel: Channel
    get: Operation
    takers: Worker | None = None
    producer: Worker | None = None
    put: Operation | None = None

    @property
    def why(self) -> str:
        """Why the look decides nothing, in words."""
        if self.takers is not None:
            return (
                f"several processes of `{self.takers.name}` look and then take, so the last item "
                "is seen by two of them, and one waits for ever"
            )
        if self.producer is not None:
            return (
                f"`{self.producer.name}` may still be at work, or its items on their way, "
                "and what comes later is lost"
            )
        return "what this process has put itself is still on its way, and is lost"


class _Joining(Machine[str]):
    """`none` → `joined` when the join comes before any get, → `drained` when a get comes first."""

    def __init__(self, join: Operation | None, worker: Worker, channel: Channel) -> None:
        self.join = join
        self.worker = worker
        self.channel = channel
        self.late: Operation | None = None
        self.reached = False  # the join, with nothing taken out before

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation.does == "get" and is_end(operation.receiver, self.channel.exit):
            if state == "joined" and self.late is None:
                self.late = operation
            return ("drained",) if state == "none" else (state,)
        if state == "none" and operation is self.join:
            self.reached = True
            return ("joined",)
        if operation.does in ("kill", "shutdown") and operation.receiver is self.worker.holder:
            return ("drained",)
        if operation.does in ("look", "poll") and operation.receiver is self.channel.exit:
            return ("drained",) if state == "none" else (state,)  # it takes what it finds
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)

    def launch(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        starts = self.worker.program.launches_at.get((activation, at), ())
        if state == "none" and self.join is None and self.worker in starts:
            return ("joined",)
        return (state,)

    def repeated(self, state: str) -> Iterable[str]:
        return ("drained",)


class _Starting(Machine[bool]):
    """Whether a put is reached before a worker is started."""

    def __init__(self, put: Operation, starts: list[Operation]) -> None:
        self.put = put
        self.starts = starts
        self.seen: set[bool] = set()

    def operate(self, state: bool, operation: Operation) -> Iterable[bool]:
        if operation is self.put:
            self.seen.add(state)
        return (state or operation in self.starts,)

    def unsure(self, state: bool, operation: Operation) -> Iterable[bool]:
        return self.operate(state, operation)


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

    def test(self, state: str, test: f.Expr, activation: Activation, holds: bool) -> str:
        if state == "owing":
            found = self.sentinels.test_of(test, activation)
            if found is not None and is_end(found.get.receiver, self.channel.exit):
                if found.equal is holds:
                    self.told |= found.sentinel
                    return "told"
        return state

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        if is_end(operation.receiver, self.channel.exit):
            return ("done",)
        return (state,)


class Draining:
    """The questions about what is left in channels, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    # Join before drain --------------------------------------------------------------------------

    def undrained(self, join: Operation) -> Undrained | None:
        """For a join that waits for ever: a channel that the joined worker fills, and that is read
        only later."""
        if join.timed is not False or join.kind.family != "process":
            return None
        if UNKNOWN in self._receivers(join):
            return None
        for worker in self.program.processes:
            if worker.holder is join.receiver:
                found = self._undrained(join, worker)
                if found is not None:
                    return found
        return None

    def undrained_launch(self, worker: Worker, activation: Activation, at: int) -> Undrained | None:
        """The same for a launcher that joins by itself."""
        if not self.program.waiting.joins_itself(worker):
            return None
        return self._undrained(None, worker, activation)

    def _receivers(self, operation: Operation) -> Iterable[Value]:
        call = operation.call
        if call is None or not isinstance(call.function, f.Attribute):
            return (UNKNOWN,)
        return operation.values(call.function.value)

    def _undrained(
        self, join: Operation | None, worker: Worker, at: Activation | None = None
    ) -> Undrained | None:
        activation = join.activation if join is not None else at
        assert activation is not None
        for channel in self._filled_by(worker):
            puts = [put for put in channel.puts if worker in put.runners]
            if not self._is_read_here_only(channel, activation):
                continue
            big = next((put for put in puts if self.is_unbounded(put)), None)
            if big is None or self._drops(worker, channel):
                continue
            for root in self._callers(activation):
                machine = _Joining(join, worker, channel)
                Flow(self.program, machine).ends(root, "none")
                if machine.late is not None:
                    return Undrained(worker, channel, big, machine.late)
                if not channel.gets and machine.reached:
                    return Undrained(worker, channel, big, None)
        return None

    def _filled_by(self, worker: Worker) -> Iterator[Channel]:
        """The channels that a worker puts to and whose puts wait for a reader."""
        for channel in self.program.channels.values():
            if channel.kind.family == "process" and channel.is_closed_world:
                if any(worker in put.runners and put.sure for put in channel.puts):
                    yield channel

    def _is_read_here_only(self, channel: Channel, activation: Activation) -> bool:
        """Whether nobody else reads: no other process, no thread beside the one that joins."""
        here = self.program.runners(activation)
        waiting = self.program.waiting
        return all(
            get.runners <= here and not waiting.threads_of(get.activation) for get in channel.gets
        )

    def _drops(self, worker: Worker, channel: Channel) -> bool:
        return any(
            operation.does == "drop" and worker in operation.runners
            for operation in self.program.on.get(channel.entrance, ())
        )

    def _callers(self, activation: Activation) -> Iterator[Activation]:
        """A function, its only caller, and so on: where a get and a join meet."""
        for _ in range(MAX_CALLERS):
            yield activation
            callers = {e.caller for e in self.program.callers[activation] if e.launch is None}
            if len(callers) != 1:
                return
            (activation,) = callers

    def is_unbounded(self, put: Operation) -> bool:
        """Whether what a put sends, over time, may be more than the 64 KiB that a pipe holds: it is
        repeated, or the item is a collection or an unknown value."""
        if self._repeats(put):
            return True
        item = put.argument(put.method.parameters[0])
        if item is None:
            return False
        return self._is_big(item, put.activation)

    def _repeats(self, put: Operation) -> bool:
        """Whether a put is in a loop of its function, or of those that call it."""
        seen = set()
        todo = [(put.activation, put.at)]
        while todo:
            activation, at = todo.pop()
            if activation in seen:
                continue
            seen.add(activation)
            outline = self.program.outline(activation)
            for frame in outline.loops(at):
                if _leaves_after(outline, at, frame.node):
                    continue
                if isinstance(frame.node, f.While) or self._is_long(frame.node, activation):
                    return True
            for edge in self.program.callers[activation]:
                if edge.launch is None and self.program.runners(edge.caller) <= put.runners:
                    todo.append((edge.caller, edge.at))
        return False

    def _is_long(self, loop: f.Step | f.Expr, activation: Activation) -> bool:
        if isinstance(loop, f.For):
            count = self.program.sentinels.counter.length(loop.source, activation)
            return count is None or count.known is None or count.known > 100
        return True

    def _is_big(self, item: f.Expr, activation: Activation) -> bool:
        if isinstance(item, (f.Display, f.DictDisplay)):
            return any(self._is_big(part, activation) for part in f.parts(item))
        if isinstance(item, f.Comprehension):
            return True
        if isinstance(item, f.Call):
            function = item.function
            if isinstance(function, f.Attribute) and function.name in python.SMALL_RESULTS:
                return False
            if self._makes_tuple(function, activation):
                return any(self._is_big(each.value, activation) for each in item.arguments)
        if isinstance(item, f.Attribute) and item.name in python.SMALL_ATTRIBUTES:
            return False
        if isinstance(item, f.Subscript) and isinstance(item.index, f.Slice):
            limits = [part.value for part in item.index.parts if isinstance(part, f.Constant)]
            if any(isinstance(limit, int) and limit <= MAX_SMALL for limit in limits):
                return False
        if isinstance(item, f.Binary) and "*" in item.operators:
            return any(
                isinstance(part, f.Constant) and isinstance(part.value, int) and part.value > 10_000
                for part in item.operands
            )
        return any(self._is_big_value(value) for value in self.program.values(item, activation))

    def _makes_tuple(self, function: f.Expr, activation: Activation) -> bool:
        """Whether a function is a class that `namedtuple` has made."""
        return any(
            isinstance(value, Named) and value.path.startswith(NAMED_TUPLE)
            for value in self.program.values(function, activation)
        )

    def _is_big_value(self, value: Value) -> bool:
        if isinstance(value, Literal):
            return isinstance(value.value, (str, bytes)) and len(value.value) > 60_000
        if isinstance(value, Container):
            arity = self.program.solver.arity.get(value)
            grows = (value, "any") in self.program.solver.cells
            held = self.program.solver.cells.get((value, "all"), frozenset())
            return (
                arity is None
                or grows
                or any(
                    self._is_big_value(inner) for inner in held if not isinstance(inner, Container)
                )
            )
        return value is UNKNOWN or isinstance(value, Instance)

    # Puts on bounded queues ---------------------------------------------------------------------

    def stuck(self, put: Operation) -> StuckPut | None:
        """For a put that waits for room: how nobody can make any."""
        waiting = self.program.waiting
        if not put.waits_for_ever or not put.sure or put.launch is not None:
            return None
        channel = waiting.channel_of(put)
        if channel is None or channel.kind.role != "queue" or not channel.is_closed_world:
            return None
        if put.site != channel.puts[0].site:
            return None  # one finding for all that wait for the same
        if channel.bound == 0 or waiting.in_daemon(put) or waiting.checks_liveness(put):
            return None
        if not self._overfills(put, channel):
            return None
        takers = {runner for get in channel.gets for runner in get.runners}
        workers = [taker for taker in takers if not isinstance(taker, str)]
        if len(workers) != len(takers) or put.runners & takers:
            return None
        if not workers:
            return StuckPut(channel, None) if channel.bound else None
        return (
            self._dead_consumers(channel, workers)
            or self._full_consumers(put, channel, workers)
            or self._unstarted(put, channel, workers)
        )

    def _overfills(self, put: Operation, channel: Channel) -> bool:
        """Whether a put is repeated more often than there is room."""
        count = self.program.sentinels.puts([put], channel)
        if count is None:
            return True
        if count.known is None:
            return channel.bound is not None or self._repeats(put)
        return channel.bound is not None and count.known > channel.bound

    def _dead_consumers(self, channel: Channel, workers: list[Worker]) -> StuckPut | None:
        failures = []
        for worker in workers:
            failure = None if worker.in_pool else self.program.waiting.early_end(worker, channel)
            if failure is None:
                return None
            failures.append(failure)
        return StuckPut(channel, workers[0], failures[0])

    def _full_consumers(
        self, put: Operation, channel: Channel, workers: list[Worker]
    ) -> StuckPut | None:
        """Consumers that wait in a put of their own, for room that the putting side makes only
        after it is done with this loop."""
        here = set(self.program.outline(put.activation).loops(put.at))
        for worker in workers:
            for answers in self._filled_by(worker):
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
        for root in self._callers(put.activation):
            if all(start.activation is root for start in starts):
                machine = _Starting(put, starts)
                Flow(self.program, machine).ends(root, False)
                if machine.seen == {False}:
                    return StuckPut(channel, workers[0], started=starts[0])
        return None

    # task_done ----------------------------------------------------------------------------------

    def unfinished(self, join: Operation) -> Skipped | None:
        """For `JoinableQueue.join()`: a path on which a consumer never says that it is done."""
        if join.does != "join-tasks" or not join.sure:
            return None
        channel = self.program.waiting.channel_of(join)
        if channel is None or not channel.is_closed_world:
            return None
        for get in channel.gets:
            for runner in sorted(get.runners, key=str):
                if isinstance(runner, str) or runner.in_pool:
                    continue
                skipped = self._skipped(runner, channel, get, join)
                if skipped is not None:
                    return skipped
        return None

    def _skipped(
        self, worker: Worker, channel: Channel, get: Operation, join: Operation
    ) -> Skipped | None:
        machine = _Owing(channel, self.program.sentinels)
        flow = Flow(self.program, machine)
        failure = None
        for entry in worker.entries:
            if self.program.waiting.is_opaque(entry):
                continue
            for way, states in flow.ends(entry, "done").items():
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
        for root in self._callers(join.activation):
            Flow(self.program, machine).ends(root, False)
        return machine.seen

    # Looks --------------------------------------------------------------------------------------

    def race(self, look: Operation) -> Race | None:
        """For `empty()` or `qsize()` as the test of a loop or branch that takes from the queue:
        why it cannot be relied on."""
        channel = self.program.waiting.channel_of(look)
        if channel is None or not look.sure or channel.kind.role != "queue":
            return None
        if not channel.is_closed_world:
            return None
        guarded = self._guarded(look, channel)
        if guarded is None:
            return None
        loop, get = guarded
        if self._shares_lock(look, get):
            return None  # nobody can take anything in between
        takers = {runner for taken in channel.gets for runner in taken.runners}
        mine = look.runners
        if get.waits_for_ever and takers == mine:
            workers = [runner for runner in mine if not isinstance(runner, str)]
            workers.sort(key=lambda worker: (worker.name, str(worker.launched_at)))
            if len(workers) == len(mine) and any(
                len(workers) > 1 or self._several(worker, channel) for worker in workers
            ):
                return Race(channel, get, takers=workers[0])
        if isinstance(loop, f.Branch) or self._is_repeated(look, loop):
            return None
        if self.program.waiting.is_dropped(get.activation, get.at):
            return None  # what is only thrown away need not be complete
        return self._unflushed(look, channel, get)

    def _guarded(
        self, look: Operation, channel: Channel
    ) -> tuple[f.Step | f.Expr, Operation] | None:
        """The loop or branch that a look decides on, and the get inside. A get that does not wait
        is a look itself, where the loop ends once it finds nothing."""
        if look.does == "get":
            loop = self._ended_by(look)
            return (loop, look) if loop is not None else None
        outline = self.program.outline(look.activation)
        for frame in outline.around(look.at):
            node = frame.node
            if isinstance(node, (f.While, f.Branch, f.For)) and frame.part == "test":
                if isinstance(node, f.Branch) and _just_leaves(node.arms[frame.index][1]):
                    around = outline.loops(node.at)
                    return self._taken_in(around[-1].node, look, channel) if around else None
                return self._taken_in(node, look, channel)
            if isinstance(node, f.Comprehension):
                return self._taken_in(node, look, channel)
            if not isinstance(node, (f.Unary, f.Comparison, f.Call)):
                return None  # something else has a say in it
        return None

    def _taken_in(
        self, node: f.Step | f.Expr, look: Operation, channel: Channel
    ) -> tuple[f.Step | f.Expr, Operation] | None:
        """A loop or branch, and the get inside it."""
        outline = self.program.outline(look.activation)
        for get in channel.gets:
            if get.activation is look.activation and any(
                inner.node is node and inner.part in ("body", "element")
                for inner in outline.around(get.at)
            ):
                return node, get
        return None

    def _ended_by(self, get: Operation) -> f.Step | f.Expr | None:
        """The endless loop that ends when a get finds nothing."""
        if get.blocks is not False:
            return None
        around = list(self.program.outline(get.activation).around(get.at))
        for frame, outer in pairwise(around):
            if isinstance(frame.node, f.Try) and frame.part == "body":
                handlers = frame.node.handlers
                if len(handlers) == 1 and _just_leaves(handlers[0].body):
                    return outer.node if isinstance(outer.node, f.While) else None
                return None
        return None

    def _shares_lock(self, look: Operation, get: Operation) -> bool:
        """Whether a look and a get are in one `with lock`."""
        outline = self.program.outline(look.activation)
        inside = {frame.node.at for frame in outline.around(get.at)}
        return any(
            isinstance(frame.node, f.With)
            and frame.node.at in inside
            and any(
                isinstance(value, Made) and value.kind.role == "lock"
                for manager, _ in frame.node.items
                for value in self.program.values(manager, look.activation)
            )
            for frame in outline.around(look.at)
        )

    def _several(self, worker: Worker, channel: Channel) -> bool:
        """Whether there are several processes of a worker: a known number above one, or a loop."""
        if worker.in_pool:
            return False
        count = self.program.sentinels.processes(worker, channel)
        return count is not None and (count.known is None or count.known > 1)

    def _is_repeated(self, look: Operation, loop: f.Step | f.Expr) -> bool:
        """Whether what the loop misses is seen by a later turn of a loop around it."""
        outline = self.program.outline(look.activation)
        if len(outline.loops(loop.at)) > 0:
            return True
        return any(
            self.program.outline(edge.caller).loops(edge.at)
            for edge in self.program.callers[look.activation]
            if edge.launch is None
        )

    def _unflushed(self, look: Operation, channel: Channel, get: Operation) -> Race | None:
        producers = {runner for put in channel.puts for runner in put.runners}
        workers = [runner for runner in producers if not isinstance(runner, str)]
        for root in self._callers(look.activation):
            for worker in sorted(workers, key=lambda worker: worker.name):
                if worker in look.runners or worker.in_pool:
                    continue
                machine = _Collecting(look, worker, channel)
                Flow(self.program, machine).ends(root, "idle")
                if machine.early:
                    return Race(channel, get, producer=worker)
            if not workers:
                machine = _Collecting(look, None, channel)
                Flow(self.program, machine).ends(root, "idle")
                if machine.put is not None:
                    return Race(channel, get, put=machine.put)
        return None


def _just_leaves(block: f.Block) -> bool:
    """Whether a block does nothing but to leave the loop or the function."""
    return (
        len(block) == 1 and isinstance(block[0], f.Leave) and block[0].kind in ("break", "return")
    )


def _leaves_after(outline: Outline, at: int, loop: f.Step | f.Expr) -> bool:
    """Whether a loop is left for certain once an expression in it is evaluated."""
    step = outline.step_of(at)
    while step is not None and step is not loop:
        frame = next(outline.around(step.at), None)
        if frame is None:
            return False
        for block in f.blocks(frame.node) if not isinstance(frame.node, f.Expr) else ():
            if step in block:
                rest = block[block.index(step) + 1 :]
                if any(isinstance(s, f.Leave) and s.kind in ("return", "raise") for s in rest):
                    return True
                if frame.node is loop and any(
                    isinstance(s, f.Leave) and s.kind == "break" for s in rest
                ):
                    return True
        step = frame.node if not isinstance(frame.node, f.Expr) else None
    return False


class _Collecting(Machine[str]):
    """Whether a look is reached while a worker that was started is not joined, or right after a put
    by the same process."""

    def __init__(self, look: Operation, worker: Worker | None, channel: Channel) -> None:
        self.look = look
        self.worker = worker
        self.channel = channel
        self.early = False
        self.put: Operation | None = None
        self._last: Operation | None = None

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation is self.look:
            self.early = self.early or state == "started"
            if state == "put":
                self.put = self._last
            return (state,)
        if self.worker is not None and operation.receiver is self.worker.holder:
            if operation.does == "start":
                return ("started",)
            if operation.does in ("join", "kill", "alive"):
                return ("joined",)
        if operation.receiver is self.channel.exit:
            if operation.does == "put" and self.worker is None:
                self._last = operation
                return ("put",)
            if operation.does == "get":
                return ("idle",) if state == "put" else ("joined",)
        elif self.worker is not None and operation.method.waits and operation.does != "put":
            return ("joined",)  # for something that may tell that all is there
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)
