"""How many processes there are, and how often something is done to what they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.model.paths.counts import Count
from mplint.model.values import Activation, Literal, Made

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program
    from mplint.model.solving.calls import Edge


class Amounts:
    """The questions about amounts, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._calls: dict[Activation, set[tuple[Activation, int]] | None] = {}

    def processes(self, worker: Worker, channel: Channel, *, at_most: bool = False) -> Count | None:
        """How many processes of a worker share a channel."""
        return self.processes_with(worker, channel.exit, at_most=at_most)

    def processes_with(self, worker: Worker, made: Made, *, at_most: bool = False) -> Count | None:
        """How many processes of a worker share an object."""
        total: Count | None = None
        for edge in worker.edges:
            count = self.started(edge, made, at_most=at_most)
            if count is None or total is not None:
                return None
            total = count
        return total

    def started(self, edge: Edge, made: Made, *, at_most: bool = False) -> Count | None:
        """How many processes that share an object are started from one line."""
        several = self._made_by(edge)
        count = self._along(edge.caller, edge.at, made, at_most=at_most)
        return None if count is None or several is None else count * several

    def turns(self, operation: Operation, made: Made) -> Count | None:
        """How often an operation is done for one object, where that is certain."""
        return self._along(operation.activation, operation.at, made, at_most=False)

    def _made_by(self, edge: Edge) -> Count | None:
        """How many processes a call makes: several, for `torch.multiprocessing.spawn`."""
        cells = self.program.solver.cells
        holder = edge.launch.holder if edge.launch is not None else None
        if (holder, "spawned") not in cells:
            return Count(1)
        numbers = [
            v.value if isinstance(v, Literal) else None for v in cells.get((holder, "nprocs"), ())
        ]
        number = numbers[0] if len(numbers) == 1 else None
        return Count(number if isinstance(number, int) else 1) if number or not numbers else None

    def puts(self, puts: list[Operation], channel: Channel) -> Count | None:
        """How many times something is put on a channel, over all of `puts`, at most."""
        counts = [self._along(put.activation, put.at, channel.exit, at_most=True) for put in puts]
        if not counts or None in counts:
            return None
        if len(counts) == 1:
            return counts[0]
        known = [count.known if count is not None else None for count in counts]
        if None in known:
            return None
        return Count(sum(number for number in known if number is not None))

    def _is_repeated(self, edge: Edge) -> bool:
        """Whether a call runs a function in threads, or as a task: nobody counts these."""
        if edge.launch is None:
            return False
        kind = self.program.solver.kind_of(edge.launch.holder)
        return kind is None or kind.family != "process" or kind.role in ("pool", "executor")

    def _calls_of(self, activation: Activation) -> set[tuple[Activation, int]] | None:
        """Where a function is called, in the same process; None where nobody counts its runs."""
        if activation not in self._calls:
            callers = self.program.callers.get(activation, ())
            repeated = any(self._is_repeated(edge) for edge in callers)
            edges = {(e.caller, e.at) for e in callers if not e.launch}
            self._calls[activation] = None if repeated else edges
        return self._calls[activation]

    def _along(self, activation: Activation, at: int, made: Made, *, at_most: bool) -> Count | None:
        """How often an expression is evaluated for one object: the loops between where the object
        is made and where the expression stands, through the calls that lead there."""
        home = next(iter(self.program.made.get(made, ())), None)
        count: Count | None = Count(1)
        seen = set()
        while True:
            within: list[int] = []
            if home is not None and home[0].scope is activation.scope:
                outline = self.program.outline(activation)
                within = [frame.node.at for frame in outline.around(home[1])]
            turns = self.program.counter.turns(activation, at, within, at_most=at_most)
            if turns is None or count is None:
                return None
            count = count * turns
            if home is not None and home[0].scope is activation.scope:
                return count
            edges = self._calls_of(activation)
            if edges is None:
                return None
            if not edges and activation in self.program.solver.from_outside:
                return None  # others may call it as often as they like
            if not edges or activation in seen:
                return count
            if len(edges) > 1:
                return None
            seen.add(activation)
            ((activation, at),) = edges
