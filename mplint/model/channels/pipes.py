"""Who holds which end of a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.diagnostics import START_METHODS
from mplint.model import facts as f
from mplint.model.channels.failing import is_end
from mplint.model.channels.meeting import Meeting, meeting
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import NORMAL, Machine, Raised
from mplint.model.paths.raising import Error
from mplint.model.values import NOTHING, Activation, Instance, Made, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program


class KeptOpen(Struct, frozen=True):
    """A reader that ends at the end of the pipe, and holds a copy of the writing end itself: how it
    came by that, in words, and under which start methods."""

    channel: Channel
    how: str
    start_methods: tuple[str, ...] = START_METHODS
    start: Site | None = None


class _ToTheEnd(Machine[str]):
    """`idle` → `got` by an item, → `ended` by EOFError."""

    def __init__(self, wait: Operation) -> None:
        self.wait = wait

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation.receiver is not self.wait.receiver or operation.does == "close":
            return (state,)
        return ("got",)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return (state,)

    def fail(self, state: str, error: Error, at: Site) -> str:
        if error == "EOFError" and at == self.wait.site:
            return "ended"
        return "failed" if state != "ended" else state


class _Holding(Machine[bool]):
    """Whether an end is open in the process that starts a worker."""

    def __init__(self, end: Made, starts: list[Operation]) -> None:
        self.end = end
        self.starts = starts
        self.seen: set[bool] = set()

    def operate(self, state: bool, operation: Operation) -> Iterable[bool]:
        if operation in self.starts:
            self.seen.add(state)
        if operation.does == "close" and is_end(operation.receiver, self.end):
            return (False,)
        return (state,)


class Pipes:
    """The questions about pipes, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def meeting(self, put: Operation) -> Meeting | None:
        """For a send: what the other side sends at the same time, so that both wait until the other
        one receives."""
        return meeting(self.program, put)

    # The end of the pipe ------------------------------------------------------------------------

    def kept_open(self, wait: Operation) -> KeptOpen | None:
        """For a `recv()` that is repeated until the end of the pipe: why the end never comes. Its
        own process holds the end that others write to."""
        excuses = self.program.excuses
        if wait.does != "get" or wait.kind.role != "connection" or not wait.waits_for_ever:
            return None
        channel = self.program.waiting.channel_of(wait)
        if channel is None or not channel.is_closed_world or not wait.sure:
            return None
        if excuses.is_guarded(wait) or excuses.checks_liveness(wait) or excuses.in_daemon(wait):
            return None
        if not self._is_read_to_the_end(wait) or excuses.hears_of_the_end(wait, channel):
            return None
        if self.program.threads.of(wait.activation) or len(wait.runners) != 1:
            return None
        (runner,) = wait.runners
        if isinstance(runner, str):
            if self._is_alive(channel.entrance, wait.activation):
                return KeptOpen(
                    channel, "this process has not closed its own copy of the other end"
                )
            return None
        if runner.in_pool or runner.daemon is not False:
            return None
        if channel.entrance in set(self._given(runner)):
            how = f"`{runner.name}` is given the other end as well, and does not close it"
            return KeptOpen(channel, how, start=runner.launched_at[0])
        return self._inherited(runner, channel)

    def _inherited(self, worker: Worker, channel: Channel) -> KeptOpen | None:
        """A forked process has a copy of all that its parent has open when it is started."""
        starts = worker.operations("start")
        methods = self.program.methods_of(worker.holder)
        if "fork" not in methods or not starts:
            return None
        ((home, at), *others) = self.program.made[channel.entrance]
        if others or self.program.outline(home).loops(at):
            return None
        machine = _Holding(channel.entrance, starts)
        Flow(self.program, machine).ends(home, True)
        if machine.seen != {True}:
            return None
        how = f"`{worker.name}` is forked while its parent has the other end open, and inherits it"
        return KeptOpen(channel, how, ("fork",), starts[0].site)

    def _is_read_to_the_end(self, wait: Operation) -> bool:
        """Whether nothing but the end of the pipe ends the loop around a get."""
        outline = self.program.outline(wait.activation)
        loop = next(
            (fr.node for fr in outline.around(wait.at) if isinstance(fr.node, f.While)), None
        )
        if loop is None or self.program.truth(loop.test, wait.activation) is not True:
            return False
        ends = Flow(self.program, _ToTheEnd(wait)).ends(wait.activation, "idle")
        ended = "ended" in ends.get(NORMAL, {}) or "ended" in ends.get(Raised("EOFError"), {})
        return ended and set(ends.get(NORMAL, {})) <= {"ended"}

    def _is_alive(self, end: Made, activation: Activation) -> bool:
        """Whether something refers to an end for certain while a function runs: a variable of it or
        of those that call it, a variable of a module, or an attribute."""
        if any(isinstance(owner, Instance) for owner in self._owners(end)):
            return True
        callers = set(self.program.upward(activation))
        for home, _ in self.program.made.get(end, ()):
            forgets = any(isinstance(step, f.Forget) for step in f.steps(home.scope.body))
            if home.scope.kind != "module" and (home not in callers or forgets):
                return False
        return True

    def _owners(self, end: Made) -> Iterator[object]:
        for (owner, name), values in self.program.solver.cells.items():
            if isinstance(name, str) and end in values:
                yield owner

    def _given(self, worker: Worker) -> Iterator[Made]:
        """The objects that a worker gets as arguments, or in the attributes of its own object."""
        program = self.program
        cells = program.solver.cells
        for entry in worker.entries:
            for parameter in entry.scope.parameters:
                yield from program.held(cells.get((entry, parameter.name), NOTHING))
        if isinstance(worker.holder, Instance):
            for (owner, name), values in list(cells.items()):
                if owner is worker.holder and isinstance(name, str):
                    yield from program.held(values)
