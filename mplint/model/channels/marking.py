"""Items of a joinable queue that are marked as done more than once, or that never came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.failing import is_end
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine
from mplint.model.paths.raising import Error
from mplint.model.values import Activation, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.outline import Outline
    from mplint.model.program import Program

_EMPTY = "queue.Empty"
_MANY = 3
"""Items in hand from which on nobody counts them."""


class Excess(Struct, frozen=True):
    """A mark for which a path of a worker has no item: `before` is the mark that was for the last
    one; None where the get has given up and has brought none."""

    worker: Worker
    get: Operation
    before: Site | None

    effect = (
        "the queue counts another item as done instead, so that its `join()` ends before the work "
        "does, and when none is left to count this raises a ValueError"
    )

    @property
    def why(self) -> str:
        """Why there is nothing to be marked, in words."""
        if self.before is None:
            return "comes here without an item when its get gives up"
        return "comes here with an item that it has marked as done already"


class _Hand(NamedTuple):
    """How many items a path has taken and not marked; `last` is the mark or the failed get by
    which that came to none. A path is `lost` when nobody can tell, and `tested` when a test since
    then may know that there is none."""

    items: int = 0
    last: Site | None = None
    lost: bool = False
    tested: bool = False


class _Marking(Machine[_Hand]):
    """Notes the marks that find nothing in hand, each with what came before."""

    def __init__(self, program: Program, channel: Channel, get: Operation) -> None:
        self.program = program
        self.channel = channel
        self.get = get
        self.excess: dict[Operation, Site] = {}

    def operate(self, state: _Hand, operation: Operation) -> Iterable[_Hand]:
        if state.lost or not is_end(operation.receiver, self.channel.exit):
            return (state,)
        if operation.does == "get":
            items = state.items + 1
            return (_Hand(items, lost=items > _MANY),)
        if operation.does == "task-done":
            if state.items:
                return (_Hand(state.items - 1, operation.site),)
            if state.last is not None and not state.tested:
                self.excess.setdefault(operation, state.last)
            return (_Hand(lost=True),)
        return (state,)

    def unsure(self, state: _Hand, operation: Operation) -> Iterable[_Hand]:
        return (_Hand(lost=True),) if is_end(operation.receiver, self.channel.exit) else (state,)

    def fail(self, state: _Hand, error: Error, at: Site) -> _Hand:
        if error == _EMPTY and at == self.get.site and not state.items and not state.lost:
            return _Hand(0, at)
        return state

    def test(self, state: _Hand, test: f.Expr, activation: Activation, holds: bool) -> _Hand:
        if state.last is None or not _is_of_variables(test):
            return state
        return state._replace(tested=True)

    def repeated(self, state: _Hand) -> Iterable[_Hand]:
        return (_Hand(lost=True),)


class Marking:
    """Whether items are marked that nobody has taken, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._found: dict[tuple[Channel, Worker], _Found | None] = {}
        self._markers: dict[Value, frozenset[Activation]] = {}

    def excess(self, mark: Operation) -> Excess | None:
        """For `task_done()`: a worker that certainly comes there, on some path, with nothing that
        is still to be marked."""
        program = self.program
        if mark.does != "task-done" or not mark.sure:
            return None
        channel = _channel_of(program, mark)
        if channel is None or not channel.is_closed_world:
            return None
        if mark.receiver not in self._markers:
            marks = program.done_to(mark.receiver, "task-done")
            self._markers[mark.receiver] = frozenset(each.activation for each in marks)
        markers = self._markers[mark.receiver]
        if channel.takers != {runner for each in markers for runner in program.runners(each)}:
            return None  # one takes the items, and another marks them
        for worker in sorted(
            (r for r in mark.runners if not isinstance(r, str)), key=lambda w: w.order
        ):
            if worker.in_pool or worker.kind.family != "process" or has_several_targets(worker):
                continue
            if program.threads.of(mark.activation):
                continue
            key = (channel, worker)
            if key not in self._found:
                self._found[key] = self._excess(channel, worker, mark.receiver)
            get, last = self._found[key] or (None, {})
            if get is not None and mark in last:
                return Excess(worker, get, last[mark] if last[mark] != get.site else None)
        return None

    def _excess(self, channel: Channel, worker: Worker, receiver: Value) -> _Found | None:
        """The marks of a worker that find nothing in hand, where it takes items in one place."""
        program = self.program
        gets = [get for get in channel.gets if worker in get.runners]
        marks = program.done_to(receiver, "task-done")
        own = [each for each in marks if worker in each.runners]
        if len(gets) != 1:
            return None
        (get,) = gets
        if not all(_is_once_per_get(program, each, get) for each in own):
            return None
        machine = _Marking(program, channel, get)
        flow = Flow(program, machine)
        for entry in worker.entries:
            if not program.failing.is_opaque(entry):
                flow.ends(entry, _Hand())
        return get, machine.excess


_Found: TypeAlias = "tuple[Operation, dict[Operation, Site]]"


def has_several_targets(worker: Worker) -> bool:
    """Whether the processes of a worker run different functions: `Process(target=target)`."""
    return len({entry.scope for entry in worker.entries}) > 1


def _channel_of(program: Program, mark: Operation) -> Channel | None:
    if not isinstance(mark.receiver, Made):
        return None
    return program.waiting.channel_of(mark)


def _is_once_per_get(program: Program, mark: Operation, get: Operation) -> bool:
    """Whether a mark and a get are in the same loops, and the mark is a statement of its own."""
    for marked in _places(program, mark):
        for got in _places(program, get):
            if marked[0] is got[0]:
                return _are_together(program.outline(marked[0]), marked[1], got[1], get)
    return False


def _are_together(outline: Outline, marked: int, got: int, get: Operation) -> bool:
    if any(isinstance(frame.node, (f.Expr, f.Match)) for frame in outline.around(marked)):
        return False
    loops = [frame.node for frame in outline.loops(got)]
    if get.is_iterated:
        loops += [
            step
            for step in outline.steps.values()
            if isinstance(step, f.For) and step.source.at == got
        ]
    return [frame.node for frame in outline.loops(marked)] == loops


def _places(program: Program, operation: Operation) -> Iterator[tuple[Activation, int]]:
    """Where an operation is done: its own place, and the one that calls its function, if that does
    it once."""
    activation = operation.activation
    yield activation, operation.at
    outline = program.outline(activation)
    if outline.loops(operation.at) or activation.scope.is_generator or operation.is_iterated:
        return
    if any(isinstance(frame.node, (f.Expr, f.Match)) for frame in outline.around(operation.at)):
        if operation.does == "task-done":
            return
    edges = [edge for edge in program.callers.get(activation, ()) if edge.launch is None]
    if len(edges) == 1:
        yield edges[0].caller, edges[0].at


def _is_of_variables(test: f.Expr) -> bool:
    """Whether a test asks for what a path may have noted, or what another test has asked: anything
    but what some object says when it is called."""
    match test:
        case f.Constant():
            return False
        case f.Unary(operand=operand):
            return _is_of_variables(operand)
        case f.Call(function=f.Attribute(value=f.Name()), arguments=()):
            return False
    return True
