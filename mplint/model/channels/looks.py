"""Whether a look at a queue can tell what it is asked: `empty()`, `qsize()`, a get that finds
nothing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine
from mplint.model.values import Activation, Made

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program


class Race(Struct, frozen=True):
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


class _Collecting(Machine[str]):
    """Which looks are reached while a worker that was started is not joined, and which right after
    a put by the same process. `look` is one that takes something as well."""

    def __init__(self, look: Operation | None, worker: Worker | None, channel: Channel) -> None:
        self.look = look
        self.worker = worker
        self.channel = channel
        self.early: set[Operation] = set()
        self.puts: dict[Operation, Operation] = {}
        self._last: Operation | None = None

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if state == "started":
            self.early.add(operation)
        elif state == "put" and self._last is not None:
            self.puts[operation] = self._last
        if operation is self.look:
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

    def hidden(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        path = self.channel.program.record.externals.get((activation, at), "")
        if state == "put" and path.rpartition(".")[2] == "sleep":
            return ("idle",)  # by then, what this process has put has arrived
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)


class Looks:
    """The questions about looks, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._taking: dict[tuple[Channel, Activation], dict[f.Step | f.Expr, Operation]] = {}
        self._collecting: dict[
            tuple[Operation | None, Worker | None, Channel, Activation], _Collecting
        ] = {}

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
        takers = channel.takers
        mine = look.runners
        if get.waits_for_ever and takers == mine:
            workers = [runner for runner in mine if not isinstance(runner, str)]
            workers.sort(key=lambda worker: (worker.name, str(worker.launched_at)))
            if len(workers) == len(mine) and any(
                len(workers) > 1 or self._several(worker, channel) for worker in workers
            ):
                return Race(channel, get, takers=workers[0])
        if isinstance(loop, f.Branch) or self._is_repeated(loop, look, channel):
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
        key = (channel, look.activation)
        if key not in self._taking:
            found = self._taking[key] = {}
            outline = self.program.outline(look.activation)
            for get in channel.gets:
                if get.activation is look.activation:
                    for inner in outline.around(get.at):
                        if inner.part in ("body", "element"):
                            found.setdefault(inner.node, get)
        taken = self._taking[key].get(node)
        return (node, taken) if taken is not None else None

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
        count = self.program.amounts.processes(worker, channel)
        return count is not None and (count.known is None or count.known > 1)

    def _is_repeated(self, loop: f.Step | f.Expr, look: Operation, channel: Channel) -> bool:
        """Whether what the loop misses is seen by a later turn of a loop around it, or around a
        call that leads there, which goes on with the same queue."""
        program = self.program
        makings: dict[Activation, list[int]] = {}
        for made in program.made.get(channel.exit, ()):
            for activation, at in program.places_above(made):
                makings.setdefault(activation, []).append(at)
        for activation, at in program.places_above((look.activation, loop.at)):
            outline = program.outline(activation)
            anew = {
                frame.node.at
                for making in makings.get(activation, ())
                for frame in outline.loops(making)
            }
            if any(frame.node.at not in anew for frame in outline.loops(at)):
                return True
        return False

    def _unflushed(self, look: Operation, channel: Channel, get: Operation) -> Race | None:
        producers = channel.senders
        workers = [runner for runner in producers if not isinstance(runner, str)]
        for root in self.program.upward(look.activation):
            for worker in sorted(workers, key=lambda worker: worker.order):
                if worker in look.runners or worker.in_pool:
                    continue
                if look in self._collected(look, worker, channel, root).early:
                    return Race(channel, get, producer=worker)
            if not workers:
                put = self._collected(look, None, channel, root).puts.get(look)
                if put is not None:
                    return Race(channel, get, put=put)
        return None

    def _collected(
        self, look: Operation, worker: Worker | None, channel: Channel, root: Activation
    ) -> _Collecting:
        # a get that is a look itself is followed by itself
        taken = look if look.does in ("get", "put") else None
        key = (taken, worker, channel, root)
        machine = self._collecting.get(key)
        if machine is None:
            machine = self._collecting[key] = _Collecting(taken, worker, channel)
            Flow(self.program, machine).ends(root, "idle")
        return machine


def _just_leaves(block: f.Block) -> bool:
    """Whether a block does nothing but to leave the loop or the function."""
    *before, last = block or (None,)
    leaves = isinstance(last, f.Leave) and last.kind in ("break", "return")
    return leaves and all(f.is_still(step) for step in before)
