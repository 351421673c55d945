"""Whether a process gets off: where what it is given cannot be pickled, no child is ever there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.crossing.handover import handovers

if TYPE_CHECKING:
    from mplint.model.nouns import Worker
    from mplint.model.program import Program
    from mplint.model.solving.calls import Edge


class Departing:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._forked_only: dict[Worker, bool] = {}

    def is_forked_only(self, worker: Worker) -> bool:
        """Whether a worker runs in forked children only, as spawn and forkserver would have to
        pickle what it is given, and cannot. That is a finding of its own: what is missing in such
        a child is missing nowhere."""
        if worker not in self._forked_only:
            self._forked_only[worker] = self._is_refused(worker)
        return self._forked_only[worker]

    def _is_refused(self, worker: Worker) -> bool:
        if worker.how == "run":
            return self.program.pickling.self_obstacle(worker) is not None
        return all(self._refuses(edge) for edge in worker.edges)

    def _refuses(self, edge: Edge) -> bool:
        """Whether what a call gives to a process cannot be pickled."""
        call = self.program.outline(edge.caller).expressions.get(edge.at)
        given = handovers(self.program, call, edge.caller) if isinstance(call, f.Call) else ()
        return any(self.program.pickling.start_obstacle(each) is not None for each in given)
