"""Whether what a worker puts is taken out before it is joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mplint.catalog import python
from mplint.model import facts as f
from mplint.model.channels.failing import is_end, places_of
from mplint.model.channels.leaving import Undrained, left_behind, unjoined
from mplint.model.channels.sizes import least
from mplint.model.outline import Outline
from mplint.model.paths.assuming import Assumed, Assuming
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine, Place
from mplint.model.paths.passing import Passing
from mplint.model.paths.raising import Error
from mplint.model.values import (
    UNKNOWN,
    Activation,
    Container,
    Instance,
    Literal,
    Named,
    Site,
    Value,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Runner, Worker
    from mplint.model.program import Program

MAX_TINY = 5_000
"""So many numbers fit into a pipe."""

MAX_LENGTH = 60_000
"""A text of up to so many letters fits into a pipe."""

MAX_SMALL = 1_000
"""A slice up to here is taken to be small."""

MAX_NAMES = 4
"""Names for what has another name, which may be one for itself."""

_KEPT = (f.Name, f.Call, f.Attribute, f.Subscript, f.Comparison)
"""What a variable can be another name for."""


class _Elsewhere(Machine[str]):
    """What a join and gets have nothing to do with."""

    def fail(self, state: str, error: Error, at: Site) -> str:
        if state == "none" and error == "queue.Empty":
            return "drained"  # it was asked until there was nothing in it
        return state

    def repeated(self, state: str) -> Iterable[str]:
        return ("drained",)


class _Joining(_Elsewhere):
    """`none` → `joined` when the join comes before any get, → `drained` when a get comes first."""

    def __init__(self, join: Operation | None, worker: Worker, channel: Channel) -> None:
        self.join = join
        self.worker = worker
        self.channel = channel
        self.late: Operation | None = None
        self.reached = False  # the join, with nothing taken out before
        program = worker.program
        self._places = frozenset(
            [
                *places_of(program, channel.exit, "get", "look", "poll"),
                *places_of(program, worker.holder, "kill", "shutdown"),
                *((edge.caller, edge.at) for edge in worker.edges),
            ]
        )
        if join is not None:
            self._places |= {(join.activation, join.at)}

    def concerns(self, state: str) -> frozenset[Place]:
        return self._places

    def elsewhere(self) -> tuple[Hashable, Machine[Any]]:
        return "draining", _Elsewhere()

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


class Draining:
    """The questions about joins before drains, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._puts: dict[Channel, dict[Runner, list[Operation]]] = {}
        self._repeated: dict[frozenset[Runner], dict[Activation, bool]] = defaultdict(dict)

    def undrained(self, join: Operation) -> Undrained | None:
        """For a join that waits for ever: a channel that the joined worker fills, and that is read
        only later."""
        if join.timed is not False or join.kind.family != "process":
            return None
        if UNKNOWN in self._receivers(join):
            return None
        for worker in self.program.processes_of(join.receiver):
            found = self._undrained(join, worker)
            if found is not None:
                return found
        return None

    def undrained_launch(self, worker: Worker, activation: Activation, at: int) -> Undrained | None:
        """The same for a launcher that joins by itself."""
        if not self.program.waiting.joins_itself(worker):
            return None
        return self._undrained(None, worker, activation)

    def left_at_exit(self, operation: Operation) -> Undrained | None:
        """The same for the end of the program, which joins all processes that nobody has joined,
        and waits for what its own process has put: for the start of a process, or a put."""
        return unjoined(self.program, operation) or left_behind(self.program, operation)

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
        for channel in self.filled_by(worker):
            if not self._is_read_here_only(channel, activation):
                continue
            puts = self._puts_by(channel).get(worker, ())
            big = next((put for put in puts if self.is_unbounded(put)), None)
            if big is None or self._drops(worker, channel):
                continue
            for root in self.program.upward(activation):
                machine = _Joining(join, worker, channel)
                Passing(self.program, machine).ends(root, "none")
                if machine.late is not None:
                    # the ways that agree with themselves are some of these, and take longer to tell
                    machine = _Joining(join, worker, channel)
                    ends = [each for each in (join, *channel.gets) if each is not None]
                    above = self.program.places_above(*((e.activation, e.at) for e in ends))
                    assuming = Assuming(self.program, machine, list(above))
                    Flow(self.program, assuming).ends(root, Assumed("none"))
                if machine.late is not None:
                    return Undrained(worker, channel, big, machine.late)
                if not channel.gets and machine.reached:
                    return Undrained(worker, channel, big, None)
        return None

    def filled_by(self, worker: Worker) -> Iterator[Channel]:
        """The channels that a worker puts to and whose puts wait for a reader."""
        for channel in self.program.channels_with(worker, "put"):
            if channel.kind.family == "process" and channel.is_closed_world:
                if any(put.sure for put in self._puts_by(channel).get(worker, ())):
                    yield channel

    def _puts_by(self, channel: Channel) -> dict[Runner, list[Operation]]:
        """What is put on a channel, by who does."""
        if channel not in self._puts:
            found = self._puts[channel] = {}
            for put in channel.puts:
                for runner in put.runners:
                    found.setdefault(runner, []).append(put)
        return self._puts[channel]

    def _is_read_here_only(self, channel: Channel, activation: Activation) -> bool:
        """Whether nobody else reads: no other process, no thread beside the one that joins."""
        here = self.program.runners(activation)
        threads = self.program.threads
        return all(get.runners <= here and not threads.of(get.activation) for get in channel.gets)

    def _drops(self, worker: Worker, channel: Channel) -> bool:
        return any(
            operation.does == "drop" and worker in operation.runners
            for operation in self.program.on.get(channel.entrance, ())
        )

    def is_unbounded(self, put: Operation) -> bool:
        """Whether what a put sends, over time, may be more than the 64 KiB that a pipe holds: the
        item is a collection or an unknown value, or it is repeated. Of a number or a truth value,
        thousands fit."""
        item = put.argument(put.method.parameters[0])
        if item is not None and self._is_big(item, put.activation):
            return True
        if item is not None and self._is_tiny(item, put.activation):
            channel = self.program.waiting.channel_of(put)
            count = self.program.amounts.puts([put], channel) if channel is not None else None
            return count is not None and count.known is not None and count.known > MAX_TINY
        return self.repeats(put)

    def is_seen_big(self, put: Operation) -> bool:
        """Whether an item is a collection or a long text for certain: not only a value of which
        nothing is known."""
        item = put.argument(put.method.parameters[0])
        return item is not None and self._is_seen_big(item, put.activation)

    def _is_seen_big(self, item: f.Expr, activation: Activation) -> bool:
        if isinstance(item, (f.Display, f.DictDisplay)):
            return any(self._is_seen_big(part, activation) for part in f.parts(item))
        if not self._is_big(item, activation):
            return False
        if isinstance(item, (f.Comprehension, f.Binary)) or self._is_long_text(item, activation):
            return True
        return any(
            isinstance(value, (Literal, Container)) and self._is_big_value(value)
            for value in self.program.values(item, activation)
        )

    def repeats(self, put: Operation) -> bool:
        """Whether a put is in a loop of its function, or of those that call it."""
        return self._is_in_loop(put.activation, put.at) or self.is_called_often(put)

    def is_called_often(self, put: Operation) -> bool:
        """Whether the function of a put is called in a loop of those that call it."""
        return self._is_repeated(put.activation, put.runners)

    def _is_in_loop(self, activation: Activation, at: int) -> bool:
        """Whether a long loop of a function repeats a place."""
        outline = self.program.outline(activation)
        return any(
            isinstance(frame.node, f.While) or self._is_long(frame.node, activation)
            for frame in outline.loops(at)
            if not _leaves_after(outline, at, frame.node)
        )

    def _is_repeated(self, activation: Activation, runners: frozenset[Runner]) -> bool:
        """Whether a function is called in a loop of some of the processes, or by one that is."""
        known = self._repeated[runners]
        if activation in known:
            return known[activation]
        called: dict[Activation, list[Activation]] = defaultdict(list)
        above, todo = {activation}, [activation]
        repeated: list[Activation] = []
        while todo:
            callee = todo.pop()
            for edge in self.program.callers[callee]:
                caller = edge.caller
                if edge.launch is not None or not self.program.runners(caller) <= runners:
                    continue
                if known.get(caller) or self._is_in_loop(caller, edge.at):
                    repeated.append(callee)
                if caller not in known:
                    called[caller].append(callee)
                    if caller not in above:
                        above.add(caller)
                        todo.append(caller)
        known.update(dict.fromkeys(above, False))
        while repeated:
            callee = repeated.pop()
            if not known[callee]:
                known[callee] = True
                repeated += called[callee]
        return known[activation]

    def _is_long(self, loop: f.Step | f.Expr, activation: Activation) -> bool:
        if isinstance(loop, f.For):
            count = self.program.counter.length(loop.source, activation)
            return count is None or count.known is None or count.known > 100
        return True

    def _is_long_text(self, item: f.Expr, activation: Activation) -> bool:
        """Whether an item is certainly a text, or a list of known length, that is too long."""
        return least(self.program, item, activation) > MAX_LENGTH

    def _behind(self, item: f.Expr, activation: Activation) -> tuple[f.Expr, Activation]:
        """What a variable that is set once is set to. Not a list, which may grow meanwhile."""
        for _ in range(MAX_NAMES):
            found = None
            if isinstance(item, f.Name):
                found = self.program.counter.definition(item, activation)
            if found is None or not isinstance(found[0], _KEPT):
                break
            item, activation = found
        return item, activation

    def _is_big(self, item: f.Expr, activation: Activation) -> bool:
        item, activation = self._behind(item, activation)
        if self._is_long_text(item, activation):
            return True
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

    def _is_tiny(self, item: f.Expr, activation: Activation) -> bool:
        """Whether an item is a number, a truth value or None."""
        item, activation = self._behind(item, activation)
        if isinstance(item, f.Comparison):
            return True
        if isinstance(item, f.Call) and isinstance(item.function, f.Name):
            return item.function.id in ("len", "bool")
        values = self.program.values(item, activation)
        return bool(values) and all(
            isinstance(value, Literal) and not isinstance(value.value, (str, bytes))
            for value in values
        )

    def _makes_tuple(self, function: f.Expr, activation: Activation) -> bool:
        """Whether a function is a class that `namedtuple` has made."""
        return any(
            isinstance(value, Named) and value.path.startswith(python.NAMED_TUPLE)
            for value in self.program.values(function, activation)
        )

    def _is_big_value(self, value: Value) -> bool:
        if isinstance(value, Literal):
            return isinstance(value.value, (str, bytes)) and len(value.value) > MAX_LENGTH
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
