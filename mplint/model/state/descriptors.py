"""What reaches a child only by a fork: anonymous memory maps, and numbers of open files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from mplint import catalog
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.nouns import MAIN
from mplint.model.state.globals import Place, Read
from mplint.model.values import Activation, Made, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Worker
    from mplint.model.program import Program

_NUMBERS = frozenset({"os.open", "os.pipe", "os.dup", "os.memfd_create", "os.eventfd"})

_USES = frozenset(
    {
        "os.close",
        "os.dup",
        "os.fdopen",
        "os.fstat",
        "os.fsync",
        "os.lseek",
        "os.pread",
        "os.pwrite",
        "os.read",
        "os.write",
        "os.writev",
    }
)


class ForkOnly(Struct, frozen=True):
    """A memory map that a worker uses at `use` by its name, or a number of an open file that it is
    given; `at` is where it is made, or given."""

    at: Site
    use: Site
    worker: Worker
    what: Literal["map", "number"]
    name: str
    start_methods: tuple[str, ...]


class Descriptors:
    """The questions about what only a fork hands on, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.globals = program.globals

    def fork_only(self, path: Path) -> list[ForkOnly]:
        """What a file makes or gives to a child that only a forked child can use."""
        return [found for found in self._fork_only if found.at.path == path]

    @cached_property
    def _fork_only(self) -> list[ForkOnly]:
        found: dict[Site, ForkOnly] = {}
        for worker in self.globals.workers:
            methods = self.globals.start_methods(worker)
            if methods:
                for one in [*self._maps(worker, methods), *self._numbers(worker, methods)]:
                    found.setdefault(one.at, one)
        return list(found.values())

    # Memory maps --------------------------------------------------------------------------------

    def _maps(self, worker: Worker, methods: tuple[str, ...]) -> Iterator[ForkOnly]:
        """The anonymous maps that an import makes, and that a worker and the parent use."""
        for made, reads in self._anonymous_maps:
            in_child = [r for r in reads if worker in self.program.runners(r.activation)]
            if in_child and any(MAIN in self.program.runners(r.activation) for r in reads):
                use = in_child[0]
                name = describe(use.expression)
                yield ForkOnly(made, use.site, worker, "map", name, methods)

    @cached_property
    def _anonymous_maps(self) -> list[tuple[Site, list[Read]]]:
        """The maps of memory without a file that a global variable gets while its module is
        imported, and who reads it later."""
        found = []
        for variable, writes in self.globals.writes.items():
            if len(writes) != 1 or variable[0].path in self.globals.hidden:
                continue
            (write,) = writes
            value = write.value
            if value is None or not self._is_anonymous(value, write.activation):
                continue
            if self.globals.is_at_import(write):
                later = [
                    read
                    for read in self.globals.reads.get(variable, ())
                    if not self.globals.is_at_import(read)
                ]
                found.append((Site(write.activation.path, value.at), later))
        return found

    def _is_anonymous(self, value: f.Expr, activation: Activation) -> bool:
        """Whether an expression makes a map of memory that has no file."""
        if not isinstance(value, f.Call) or not value.arguments:
            return False
        kinds = {
            made.kind
            for made in self.program.record.made.get((activation, value.at), ())
            if isinstance(made, Made)
        }
        first = value.arguments[0].value
        minus_one = isinstance(first, f.Constant) and first.value == -1
        return kinds == {_MAP} and minus_one

    # Numbers of open files ----------------------------------------------------------------------

    def _numbers(self, worker: Worker, methods: tuple[str, ...]) -> Iterator[ForkOnly]:
        """The numbers of open files among the arguments of a process."""
        if worker.how != "target":
            return
        for edge in worker.edges:
            call = self.program.outline(edge.caller).expressions.get(edge.at)
            packed = next(
                (a.value for a in call.arguments if a.keyword == "args")
                if isinstance(call, f.Call)
                else iter(()),
                None,
            )
            if not isinstance(packed, f.Display):
                continue
            parameters = edge.callee.scope.parameters[self.program.is_method(edge.callee) :]
            for item, parameter in zip(packed.items, parameters, strict=False):
                if self._is_number(item, edge.caller):
                    use = self._use_of(parameter.name, edge.callee)
                    if use is not None:
                        at = Site(edge.caller.path, item.at)
                        name = describe(item)
                        yield ForkOnly(at, use.site, worker, "number", name, methods)

    def _is_number(self, item: f.Expr, activation: Activation) -> bool:
        """Whether an expression is the number of an open file."""
        if isinstance(item, f.Name):
            bindings = self.program.outline(activation).bindings.get(item.id, [])
            if len(bindings) == 1 and bindings[0].value is not None:
                return self._is_number_call(bindings[0].value, activation)
        return self._is_number_call(item, activation)

    def _is_number_call(self, value: f.Expr, activation: Activation) -> bool:
        if not isinstance(value, f.Call):
            return False
        if self.program.record.externals.get((activation, value.at)) in _NUMBERS:
            return True
        function = value.function
        if not isinstance(function, f.Attribute) or function.name != "fileno":
            return False
        # the standard streams have the same numbers everywhere
        owners = self.program.values(function.value, activation)
        return bool(owners) and all(
            isinstance(owner, Made) and owner.kind.role == "file" for owner in owners
        )

    def _use_of(self, name: str, activation: Activation) -> Place | None:
        """Where a function does something to the open file of a number."""
        outline = self.program.outline(activation)
        for at, expression in sorted(outline.expressions.items()):
            if isinstance(expression, f.Call) and expression.arguments:
                path = self.program.record.externals.get((activation, at))
                made = self.program.record.made.get((activation, at), ())
                opens = any(isinstance(m, Made) and m.kind.role == "file" for m in made)
                first = expression.arguments[0].value
                if (path in _USES or opens) and isinstance(first, f.Name) and first.id == name:
                    return Place(activation, at)
        return None


_MAKER = catalog.find("mmap.mmap")
_MAP = _MAKER.kind if isinstance(_MAKER, catalog.Maker) else None
