"""Which functions run in threads."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from mplint.model.values import Activation

if TYPE_CHECKING:
    from mplint.model.nouns import Worker
    from mplint.model.program import Program


class Threads:
    """The questions about threads, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def of(self, activation: Activation) -> list[Worker]:
        """The threads that a function runs in, when it runs in threads only."""
        return self._threads.get(activation, [])

    @cached_property
    def reached(self) -> dict[Activation, list[Worker]]:
        """The functions that run in threads, each with these."""
        found: dict[Activation, list[Worker]] = defaultdict(list)
        for worker in self.program.workers:
            if worker.kind.family == "thread":
                for activation in self.program.below(*worker.entries):
                    found[activation].append(worker)
        return found

    @cached_property
    def _threads(self) -> dict[Activation, list[Worker]]:
        program, found = self.program, self.reached
        main = {a for a in found if any(self._called_outside(e, found) for e in program.callers[a])}
        return {
            activation: threads for activation, threads in found.items() if activation not in main
        }

    def _called_outside(self, edge: object, threads: dict[Activation, list[Worker]]) -> bool:
        from mplint.model.solving.calls import Edge

        assert isinstance(edge, Edge)
        return edge.launch is None and edge.caller not in threads
