"""Generators of random numbers of which several processes have copies in the same state."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.catalog.settings import NUMPY_DRAWS
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.nouns import MAIN
from mplint.model.state.globals import Place
from mplint.model.values import Activation, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Worker
    from mplint.model.program import Program

_GENERATORS = frozenset({"random.Random", "numpy.random.default_rng", "numpy.random.RandomState"})


class SameNumbers(Struct, frozen=True):
    """A use of a generator, by several processes of a worker that all begin with one state of it.
    `made` is where it is made, for one of a module."""

    use: Site
    worker: Worker
    what: str
    made: Site | None
    start_methods: tuple[str, ...]


class Randomness:
    """The questions about random numbers, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.globals = program.globals

    def same_numbers(self, path: Path) -> list[SameNumbers]:
        """Where a file draws numbers that several processes have in common."""
        return [same for same in self._same if same.use.path == path]

    @cached_property
    def _same(self) -> list[SameNumbers]:
        found: dict[object, SameNumbers] = {}
        for worker in self.globals.workers:
            methods = self.program.methods_of(worker.holder)
            if "fork" not in methods or not self.program.sharing.is_many(worker):
                continue
            if self._may_seed(worker):
                continue
            for place in sorted(self._draws_of(worker), key=lambda p: (str(p.site.path), p.at)):
                same = SameNumbers(place.site, worker, "`numpy.random`", None, ("fork",))
                found.setdefault("numpy.random", same)
            for name, made, use in self._generators_of(worker):
                after = tuple(m for m in methods if m != "spawn")
                same = SameNumbers(use.site, worker, f"`{name}`", made.site, after)
                found.setdefault(made.site, same)
        return list(found.values())

    def _draws_of(self, worker: Worker) -> Iterator[Place]:
        """Where a worker draws from NumPy's global generator, of which the parent has one."""
        if not self._is_there_before:
            return
        for (activation, at), path in self.program.record.externals.items():
            if path in NUMPY_DRAWS and worker in self.program.runners(activation):
                yield Place(activation, at)

    @cached_property
    def _is_there_before(self) -> bool:
        """Whether NumPy's global generator certainly is there before the workers are forked. From
        NumPy 2 on, `import numpy` alone does not make one."""
        for (activation, _), path in self.program.record.externals.items():
            if path.startswith("numpy.random.") and MAIN in self.program.runners(activation):
                return True
        for file in self.program.solver.files.values():
            for step in f.steps(file.module.body):
                for expression in f.expressions(step):
                    if isinstance(expression, f.Imported):
                        name = f"{expression.module}.{expression.name or ''}"
                        if name.startswith(_TOUCHING):
                            return True
        return False

    def _generators_of(self, worker: Worker) -> Iterator[tuple[str, Place, Place]]:
        """The generators of modules that a worker uses: the name, and where it is made and used."""
        for variable, reads in self.globals.reads.items():
            writes = self.globals.writes.get(variable, [])
            if len(writes) != 1 or variable[0].path in self.globals.hidden:
                continue
            (write,) = writes
            if not isinstance(write.value, f.Call):
                continue
            path = self.program.record.externals.get((write.activation, write.value.at))
            if path not in _GENERATORS or not self.globals.is_at_import(write):
                continue
            for read in reads:
                if worker in self.program.runners(read.activation):
                    yield describe(read.expression), Place(write.activation, write.value.at), read
                    break

    def _may_seed(self, worker: Worker) -> bool:
        """Whether a process of the worker may begin with a state of its own: something in it is
        called by such a name."""
        program = self.program
        same = program.processes_of(worker.holder)
        return any(w in program.runners(activation) for w in same for activation in self._seeding)

    @cached_property
    def _seeding(self) -> list[Activation]:
        """The functions that call something by such a name."""
        program = self.program
        by_scope: dict[f.Scope, bool] = {}
        for activation in program.solver.activations:
            if activation.scope not in by_scope:
                calls = program.outline(activation).expressions.values()
                by_scope[activation.scope] = any(map(_may_seed, calls))
        return [a for a in program.solver.activations if by_scope[a.scope]]


def _may_seed(expression: f.Expr) -> bool:
    if not isinstance(expression, f.Call):
        return False
    name = describe(expression.function).rpartition(".")[2].lower()
    return any(word in name for word in _SEEDING)


_TOUCHING = ("numpy.random", "pandas.", "scipy.stats", "sklearn.")
"""What imports NumPy's global generator."""

_SEEDING = ("seed", "setstate", "set_state", "spawn", "jump")
