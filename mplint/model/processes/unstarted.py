"""Processes that are made and never started."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.processes.states import overrides, starts_itself
from mplint.model.solving.solve import RETURNED
from mplint.model.values import (
    Activation,
    Container,
    Instance,
    Made,
    Value,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mplint.model.program import Program


class Unstarted:
    """Where a process object may go, and whether anybody there can start it."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def is_never_started(self, holder: Value, activation: Activation) -> bool:
        """Whether nobody starts a process that a function makes: all who get hold of it are
        known."""
        program = self.program
        kind = program.solver.kind_of(holder)
        if kind is None or kind.role != "process" or kind.family != "process":
            return False
        if program.overrun or holder in program.solver.escapes:
            return False
        if isinstance(holder, Made):
            if holder.given or not program.solver.cells.get((holder, "target")):
                return False
            others: list[Value] = [holder]
        elif isinstance(holder, Instance):
            if overrides(program, holder) or starts_itself(program, holder):
                return False
            others = [holder, *self._used_as.get(holder.cls, ())]
        else:
            return False
        if any(o.does == "start" or o.name == "run" for v in others for o in program.on.get(v, ())):
            return False
        if self._is_run(others) or self._starts_strangers(activation.path):
            return False
        return self._stays_known(holder) and self._asked_by_name.isdisjoint(others)

    @cached_property
    def _used_as(self) -> dict[Value, list[Value]]:
        """By class, the objects of it and of its subclasses to which something is done."""
        found: dict[Value, list[Value]] = {}
        for value in self.program.on:
            if isinstance(value, Instance):
                for cls in self.program.solver.ancestry(value.cls):
                    found.setdefault(cls, []).append(value)
        return found

    def _is_run(self, objects: list[Value]) -> bool:
        """Whether the `run()` of an object is called here, as a function like others."""
        return any(
            edge.launch is None
            for value in objects
            for worker in self.program.processes_of(value)
            if worker.how == "run"
            for entry in worker.entries
            for activation in self.program.activations(entry.scope)
            for edge in self.program.callers[activation]
        )

    def _starts_strangers(self, path: Path) -> bool:
        """Whether a file starts something of which we do not know what it is."""
        program = self.program
        for name in ("start", "run"):
            if any(a.path == path for a, _ in program.record.strangers.get(name, ())):
                return True
        return False

    @cached_property
    def _asked_by_name(self) -> set[Value]:
        """The objects of which something is looked up by a name that is not known."""
        program = self.program
        found: set[Value] = set()
        for activation in program.solver.activations:
            for expression in program.outline(activation).expressions.values():
                match expression:
                    case f.Call(function=f.Name(id="getattr"), arguments=(owner, name, *_)):
                        if isinstance(name.value, f.Constant):
                            continue
                        found |= program.values(owner.value, activation)
        return found

    def _stays_known(self, holder: Value) -> bool:
        """Whether all variables, attributes and lists that hold a process are seen in full."""
        todo: list[Value] = [holder]
        seen: set[Value] = set()
        while todo:
            value = todo.pop()
            if value in seen:
                continue
            seen.add(value)
            for owner, name in self.program.cells_of.get(value, ()):
                if isinstance(owner, Container):
                    if owner.shape == "generator" or owner in self.program.solver.escapes:
                        return False
                    todo.append(owner)
                elif not self._is_seen(owner, name):
                    return False
        return True

    def _is_seen(self, owner: object, name: object) -> bool:
        """Whether all uses of what a variable or attribute holds are seen."""
        solver = self.program.solver
        if isinstance(owner, Activation):
            if name == RETURNED:
                callers = [e for e in self.program.callers[owner] if e.launch is None]
                return bool(callers) and owner not in solver.from_outside
            return owner.scope.kind != "module" or self.program.startup.is_script(owner.path)
        if isinstance(owner, Instance):
            made = solver.instances.get(owner.cls)
            return bool(made) and name not in self.program.record.strangers
        return False
