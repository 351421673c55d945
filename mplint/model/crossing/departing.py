"""Whether a process gets off: where what it is given cannot be pickled, or the child cannot import
its module, no child is ever there."""

from __future__ import annotations

from pathlib import Path
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
        self._failing: dict[Path, tuple[str, ...]] = {}

    def is_forked_only(self, worker: Worker) -> bool:
        """Whether a worker runs in forked children only, as spawn and forkserver would have to
        pickle what it is given, and cannot. That is a finding of its own: what is missing in such
        a child is missing nowhere."""
        if worker not in self._forked_only:
            self._forked_only[worker] = self._is_refused(worker)
        return self._forked_only[worker]

    def failing_imports(self, worker: Worker) -> set[str]:
        """The start methods under which a child fails before it comes to its function: when it
        imports the module, which starts processes itself. That is a finding of its own, too."""
        found: set[str] = set()
        for path in {entry.path for entry in worker.entries}:
            if path not in self._failing:
                unguarded = self.program.startup.unguarded(path)
                fails = unguarded is not None and unguarded.guard is None
                self._failing[path] = unguarded.start_methods if fails and unguarded else ()
            found.update(self._failing[path])
        return found

    def _is_refused(self, worker: Worker) -> bool:
        if worker.how == "run":
            return self.program.pickling.self_obstacle(worker) is not None
        return all(self._refuses(edge) for edge in worker.edges)

    def _refuses(self, edge: Edge) -> bool:
        """Whether what a call gives to a process cannot be pickled."""
        call = self.program.outline(edge.caller).expressions.get(edge.at)
        given = handovers(self.program, call, edge.caller) if isinstance(call, f.Call) else ()
        return any(self.program.pickling.start_obstacle(each) is not None for each in given)
