"""What still runs when the main module has ended: exit handlers, and threads that nobody joins."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from mplint.diagnostics import START_METHODS
from mplint.model import facts as f
from mplint.model.nouns import MAIN
from mplint.model.state.globals import Place
from mplint.model.values import Activation, FunctionRef, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Worker
    from mplint.model.program import Program
    from mplint.model.starting.startup import Start


class Late(Struct, frozen=True):
    """A start of processes when the main module has ended. `by` says what comes to it, and
    `registered` where that is set up."""

    start: Start
    by: Literal["exit", "thread"]
    registered: Site
    start_methods: tuple[str, ...]


class Afterwards:
    """The questions about the end of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def late_starts(self, path: Path) -> list[Late]:
        """The starts of a file that come when the main module has ended."""
        return [late for late in self._late if late.start.site.path == path]

    @cached_property
    def _late(self) -> list[Late]:
        found: dict[Site, Late] = {}
        for registered, function in self._registered:
            for activation in self.program.below(function):
                if self.program.runners(activation) - {MAIN}:
                    continue
                for start in self.program.startup.starts.get(activation, ()):
                    late = self._late_start(start, "exit", registered)
                    if late is not None:
                        found.setdefault(start.site, late)
        for thread in self.program.workers:
            if thread.kind.name in ("Thread", "Timer") and thread.kind.family == "thread":
                for start, begun in self._after_main(thread):
                    late = self._late_start(start, "thread", begun)
                    if late is not None:
                        found.setdefault(start.site, late)
        return list(found.values())

    def _late_start(
        self, start: Start, by: Literal["exit", "thread"], registered: Site
    ) -> Late | None:
        methods = self.program.methods_of(start.holder)
        kind = self.program.solver.kind_of(start.holder)
        if kind is None or kind.role not in ("process", "pool", "executor"):
            return None
        if kind.role != "executor":
            methods = tuple(method for method in methods if method != "fork")
        else:
            methods = tuple(method for method in START_METHODS if method in methods)
        return Late(start, by, registered, methods) if methods else None

    # Exit handlers ------------------------------------------------------------------------------

    @cached_property
    def _registered(self) -> list[tuple[Site, Activation]]:
        """The functions that run at exit, and where that is arranged."""
        found = []
        program = self.program
        for (activation, at), path in program.record.externals.items():
            call = program.outline(activation).expressions.get(at)
            if path == "atexit.register" and isinstance(call, f.Call) and call.arguments:
                for value in program.values(call.arguments[0].value, activation):
                    found += [(Site(activation.path, at), one) for one in self._of(value)]
        for activation in list(program.solver.activations):
            names = program.solver.decorations.get(activation.scope, ())
            if "atexit.register" in names:
                at = activation.scope.at
                outer = activation.outer
                if outer is not None:
                    at = program.outline(outer).defined_at(activation.scope)
                found.append((Site(activation.path, at), activation))
        return found

    def _of(self, value: Value) -> list[Activation]:
        return self.program.activations(value.scope) if isinstance(value, FunctionRef) else []

    # Threads ------------------------------------------------------------------------------------

    def _after_main(self, thread: Worker) -> Iterator[tuple[Start, Site]]:
        """The starts that a thread comes to after a pause, when the main module has ended: what
        starts the thread does nothing more that takes time, nor do its callers."""
        starts = thread.operations("start")
        if thread.daemon is not False or len(starts) != 1 or thread.operations("join"):
            return
        begun = Place(starts[0].activation, starts[0].at)
        if not isinstance(thread.holder, Made) or not self._is_last(begun):
            return
        for entry in thread.entries:
            for start in self.program.startup.starts.get(entry, ()):
                if thread.kind.name == "Timer" or self._pauses_before(entry, start.at):
                    yield start, begun.site

    def _is_last(self, place: Place) -> bool:
        """Whether the program comes to the end of its main module right after a place."""
        seen: set[Activation] = set()
        activation, at = place.activation, place.at
        while activation not in seen:
            seen.add(activation)
            if self.program.outline(activation).loops(at):
                return False
            if not self.program.references.is_quick_after(activation, at):
                return False
            if activation.scope.kind == "module":
                return self.program.startup.is_guarded(activation, at)
            callers = [e for e in self.program.callers[activation] if e.launch is None]
            if len(callers) != 1:
                return False
            activation, at = callers[0].caller, callers[0].at
        return False

    def _pauses_before(self, activation: Activation, at: int) -> bool:
        for (where, before), path in self.program.record.externals.items():
            if where is activation and before < at and path == "time.sleep":
                return True
        return False
