"""Signal handlers of the parent that forked children begin with."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.nouns import MAIN
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Gone, Machine, Raised
from mplint.model.state.globals import Place
from mplint.model.values import Activation, FunctionRef, Named, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Worker
    from mplint.model.program import Program


class Deaf(Struct, frozen=True):
    """A process that does not end by `terminate()`: it has inherited a handler that was set at
    `handled` and that returns."""

    worker: Worker
    handled: Site
    start: Site
    handler: str


class Handlers:
    """The questions about signal handlers, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.globals = program.globals

    def deaf(self, terminate: Operation) -> Deaf | None:
        """Why a process goes on after `terminate()`."""
        if terminate.name != "terminate" or terminate.kind.role != "process":
            return None
        if not terminate.sure or MAIN not in terminate.runners:
            return None
        for worker in self.globals.workers:
            if worker.holder is not terminate.receiver:
                continue
            if "fork" not in self.program.methods_of(worker.holder):
                return None
            if self._sets_handlers(worker):
                return None
            for place, handler in self._handled:
                for start in self.globals.starts(worker):
                    if not self._is_in_force(place, start):
                        continue
                    if self._goes_on(handler, worker):
                        name = getattr(handler, "name", "SIG_IGN")
                        return Deaf(worker, place.site, start.site, name)
        return None

    def _is_in_force(self, place: Place, start: Place) -> bool:
        if self.globals.is_at_import(place):
            return True
        parents = self.globals.is_in_parent_only(place)
        return parents and self.globals.comes_before(place, start) is True

    @cached_property
    def _handled(self) -> list[tuple[Place, Value]]:
        """Where the parent sets what becomes of SIGTERM, and to what; unless it sets it more than
        once."""
        found = []
        for place in self._set:
            call = self.program.outline(place.activation).expressions.get(place.at)
            if not isinstance(call, f.Call) or len(call.arguments) != 2:
                continue
            signals = self.program.values(call.arguments[0].value, place.activation)
            if not any(isinstance(s, Named) and s.path == "signal.SIGTERM" for s in signals):
                continue
            handlers = self.program.values(call.arguments[1].value, place.activation)
            if len(signals) == len(handlers) == 1:
                found.append((place, next(iter(handlers))))
            else:
                return []
        return found if len({place.site for place, _ in found}) == 1 else []

    @cached_property
    def _set(self) -> list[Place]:
        return [
            Place(activation, at)
            for (activation, at), path in self.program.record.externals.items()
            if path == "signal.signal"
        ]

    def _sets_handlers(self, worker: Worker) -> bool:
        """Whether a child may set handlers of its own."""
        return any(worker in self.program.runners(place.activation) for place in self._set)

    def _goes_on(self, handler: Value, worker: Worker) -> bool:
        """Whether a process certainly goes on with its work after a handler."""
        if isinstance(handler, Named):
            return handler.path == "signal.SIG_IGN"
        if not isinstance(handler, FunctionRef):
            return False
        activations = self.program.activations(handler.scope)
        if not activations:
            return False
        for activation in activations:
            ends = Flow(self.program, Machine[int]()).ends(activation, 0)
            if not ends or any(isinstance(way, (Raised, Gone)) for way in ends):
                return False
            if any(self._is_noticed(one, worker) for one in self.program.below(activation)):
                return False
        return True

    def _is_noticed(self, activation: Activation, worker: Worker) -> bool:
        """Whether a function leaves something behind that the worker may look at: it sets a
        variable or attribute, does something to an object, or calls code that we do not see."""
        program = self.program
        outline = program.outline(activation)
        for at, expression in outline.expressions.items():
            place = (activation, at)
            if program.operations_at.get(place) or place in program.record.unknown:
                return True
            path = program.record.externals.get(place)
            if path is not None and path.partition(".")[0] not in ("print", "logging"):
                return True
            if at in self.globals.stored(activation):
                return True
            if isinstance(expression, (f.Await, f.Yield)):
                return True
        return False
