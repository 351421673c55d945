"""What becomes of items that are put back into order by their numbers, when one of them is lost:
it is never the turn of any later one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.failing import Failure, error_name, is_end, is_failure
from mplint.model.channels.reordering import Reordering, Reorderings
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Gone, Machine, Raised
from mplint.model.paths.raising import ANY, Error
from mplint.model.values import Activation, Made, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program

Root: TypeAlias = "Operation | None"
"""The get of the job that a number comes from; None where it is an argument of the worker."""


class Gap(Struct, frozen=True):
    """A number that never comes: how its item is lost, where it should have been sent, what keeps
    the later ones, and where whoever keeps them ends without a look at them."""

    failure: Failure
    put: Operation
    consumer: str
    buffer: str
    kept: Site
    end: Site


class Loss(Struct, frozen=True):
    """How a worker fails at an item: whether it `goes_on` with others then, and whether it `ends`
    by the error."""

    failure: Failure
    goes_on: bool
    ends: bool


class _Losing(Machine[str]):
    """Whether a worker gives up an item. States: `idle` before the first get and after a put,
    `working` after a get, `failed` when an error was raised since, and `lost` when it has gone on
    with the next item nevertheless."""

    def __init__(self, jobs: Made, results: Made) -> None:
        self.jobs = jobs
        self.results = results

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if state == "lost":
            return (state,)
        if operation.does == "get" and is_end(operation.receiver, self.jobs):
            return ("lost" if state == "failed" else "working",)
        if operation.does == "put" and is_end(operation.receiver, self.results):
            return ("idle",)
        if state == "failed" and operation.does in _TELLING:
            return ("idle",)
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)

    def fail(self, state: str, error: Error, at: Site) -> str:
        return "failed" if state == "working" and is_failure(error) else state

    def stored(self, state: str, target: f.Expr, activation: Activation) -> str:
        # `errors.value += 1`, `self.failed = True`
        return "idle" if state == "failed" and isinstance(target, f.Attribute) else state

    def repeated(self, state: str) -> Iterable[str]:
        return ("idle",)


_TELLING = frozenset({"put", "set", "notify", "kill"})
"""By which a worker may tell others of an error."""


class Gaps:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.reorderings = Reorderings(program)
        self._losing: dict[tuple[Made, Made], Flow[str]] = {}

    def gap(self, test: f.Comparison, activation: Activation) -> Gap | None:
        """For the `number in kept` of a loop that puts items back into order: how the item of one
        number is lost, so that all later ones are kept to the end and dropped."""
        found = self.reorderings.of(test, activation)
        if found is None:
            return None
        channel = self.program.waiting.channel_of(found.get)
        if channel is None or not channel.is_closed_world or not _is_only_taker(found.get, channel):
            return None
        for worker, put, root in self._senders(channel, found):
            failure = self._lost(worker, channel, root, found)
            if failure is not None:
                scope = activation.scope
                name = f"`{scope.qualified_name}`" if scope.kind == "function" else "this loop"
                buffer = f.describe(test.rest[0][1])
                return Gap(failure, put, name, buffer, found.kept, found.end)
        return None

    # Those who send -------------------------------------------------------------------------------

    def _senders(
        self, channel: Channel, found: Reordering
    ) -> Iterator[tuple[Worker, Operation, Root]]:
        """The workers that send numbered items, the put, and where the number comes from."""
        for put in channel.puts:
            item = put.argument(put.method.parameters[0])
            if not isinstance(item, f.Display) or not put.sure:
                continue
            before = item.items[: found.position]
            if found.position >= len(item.items) or any(isinstance(i, f.Star) for i in before):
                continue
            number = item.items[found.position]
            for runner in put.runners:
                if isinstance(runner, str):
                    continue
                if self._is_argument(number, put, runner):
                    yield runner, put, None
                    continue
                job = self.reorderings.taken_from(number, put.activation)
                if job is not None:
                    yield runner, put, job

    def _is_argument(self, number: f.Expr, put: Operation, worker: Worker) -> bool:
        """Whether a number is given to a worker, which sends one item for it."""
        outline = self.program.outline(put.activation)
        return (
            isinstance(number, f.Name)
            and put.activation in worker.entries
            and any(p.name == number.id for p in put.activation.scope.parameters)
            and number.id not in outline.bindings
            and not outline.loops(put.at)
        )

    def _lost(
        self, worker: Worker, channel: Channel, job: Root, found: Reordering
    ) -> Failure | None:
        """How a worker loses an item, while whoever keeps the others is told to end."""
        waiting = self.program.waiting
        if waiting.reports_errors(worker):
            return None
        if worker.operations("alive") or self.program.joining.asks_exit_code(worker.holder):
            return None
        if job is None:
            failure = self.program.failing.silent_end(worker, channel, [found.get])
            return failure if failure and self._is_told(worker, channel, found) else None
        for loss in self.losses(worker, job, channel):
            if loss.goes_on:
                return loss.failure
            several = self.program.amounts.processes_with(worker, channel.exit)
            if several is not None and several.known == 1:
                continue  # there is nobody left who could send a later one
            if self._is_told(worker, channel, found):
                return loss.failure
        return None

    def _is_told(self, worker: Worker, channel: Channel, found: Reordering) -> bool:
        """Whether somebody else than a worker tells the end."""
        return any(
            worker not in put.runners
            and self.program.sentinels.sends_one(put, found.sentinels, whole=found.whole)
            for put in channel.puts
        )

    def losses(self, worker: Worker, job: Operation, channel: Channel) -> list[Loss]:
        """How a worker can fail at an item that it has taken, before it sends something on a
        channel; the likeliest first."""
        if not isinstance(job.receiver, Made):
            return []  # a queue of a class of its own
        key = (job.receiver, channel.entrance)
        if key not in self._losing:
            self._losing[key] = Flow(self.program, _Losing(*key))
        found: list[tuple[int, Loss]] = []
        for entry in worker.entries:
            if self.program.failing.is_opaque(entry):
                continue
            for way, states in self._losing[key].ends(entry, "idle").items():
                for state in ("lost", "failed"):
                    why = states.get(state)
                    if why is not None and not isinstance(way, Gone):
                        raised = way.error if isinstance(way, Raised) and state == "failed" else ANY
                        failure = Failure(worker, why.site, error_name(raised))
                        ends = isinstance(way, Raised)
                        found.append((why.weight, Loss(failure, state == "lost", ends)))
        return [loss for _, loss in sorted(found, key=lambda each: -each[0])]


def _is_only_taker(get: Operation, channel: Channel) -> bool:
    return all(other.site == get.site for other in channel.gets)
