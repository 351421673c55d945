"""Files and sockets that the parent has opened and that forked children use together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.nouns import MAIN
from mplint.model.state.globals import Place
from mplint.model.values import Made, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Worker
    from mplint.model.program import Program

_READS = frozenset({"read", "read1", "readline", "readlines", "readinto", "seek"})
_TALKS = frozenset({"recv", "recv_into", "recvfrom", "makefile"})
_WRITES = frozenset({"write", "writelines"})

_CONNECTING = frozenset({"socket.create_connection", "socket.socket"})


class Inheritance(Struct, frozen=True):
    """A file or socket that forked children use at `use`, all of them in one and the same state.
    `before` is a place where the parent has written to it and left that in its buffer."""

    use: Site
    opened: Site
    worker: Worker
    name: str
    what: str
    start_methods: tuple[str, ...]
    before: Site | None = None


class Resources:
    """The questions about what is open while a process is forked, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.globals = program.globals

    def inherited(self, path: Path) -> list[Inheritance]:
        """Where children use in a file what their parent has opened: once for each thing that is
        open."""
        return [found for found in self._inherited if found.use.path == path]

    @cached_property
    def _inherited(self) -> list[Inheritance]:
        found: dict[Site, Inheritance] = {}
        if not self.globals.workers:
            return []
        for inheritance in [*self._files(), *self._sockets()]:
            found.setdefault(inheritance.opened, inheritance)
        return list(found.values())

    def _methods(self, opened: Place, worker: Worker) -> tuple[str, ...]:
        """Under which start methods the processes of a worker have one and the same thing open: a
        fork server that has imported the module hands on what the import has opened."""
        methods = self.program.methods_of(worker.holder)
        at_import = self.globals.is_at_import(opened)
        return tuple(m for m in methods if m == "fork" or (at_import and m == "forkserver"))

    def _forked(self, place: Place) -> Iterator[Worker]:
        """The workers that run a place, and that may be forked."""
        for worker in self.globals.workers_at(place.activation):
            if "fork" in self.program.methods_of(worker.holder):
                yield worker

    # Files --------------------------------------------------------------------------------------

    def _files(self) -> Iterator[Inheritance]:
        for place, expression, made in self._uses_of_files:
            if not self._is_opened_by_parent(made):
                continue
            verb = self._verb(place, expression)
            for worker in self._forked(place):
                if verb == "reads" and self.program.sharing.is_many(worker):
                    if not self._is_locked(place):
                        name = describe(expression)
                        methods = self._methods(self._opened(made), worker)
                        yield Inheritance(place.site, made.site, worker, name, _OFFSET, methods)
                elif verb == "writes":
                    before = self._left_in_buffer(made, worker)
                    if before is not None:
                        name = describe(expression)
                        yield Inheritance(
                            place.site, made.site, worker, name, _BUFFER, ("fork",), before.site
                        )

    @cached_property
    def _uses_of_files(self) -> list[tuple[Place, f.Expr, Made]]:
        """The names and attributes that are certainly one open file."""
        found: list[tuple[Place, f.Expr, Made]] = []
        program = self.program
        if not any(made.kind.role == "file" for made in program.made):
            return found
        for activation in list(program.solver.activations):
            for at, expression in program.outline(activation).expressions.items():
                if isinstance(expression, (f.Name, f.Attribute)):
                    values = program.values(expression, activation)
                    if len(values) == 1:
                        (value,) = values
                        if isinstance(value, Made) and value.kind.role == "file":
                            found.append((Place(activation, at), expression, value))
        return sorted(found, key=lambda use: (str(use[0].site.path), use[0].at))

    def _opened(self, made: Made) -> Place:
        return Place(*self.program.made[made][0])

    def _is_opened_by_parent(self, made: Made) -> bool:
        places = [Place(*place) for place in self.program.made.get(made, ())]
        return bool(places) and all(
            self.globals.is_at_import(place) or self.program.runners(place.activation) == {MAIN}
            for place in places
        )

    def _verb(self, place: Place, expression: f.Expr) -> str | None:
        """What is done with an open file: `reads`, `writes`, or something else."""
        outline = self.program.outline(place.activation)
        frame = next(outline.around(place.at), None)
        node = frame.node if frame is not None else None
        if isinstance(node, f.Attribute):
            if node.name in _READS:
                return "reads"
            return "writes" if node.name in _WRITES else None
        if isinstance(node, f.For) and node.source is expression:
            return "reads"
        if isinstance(node, f.Comprehension):
            return "reads"
        if isinstance(node, f.Call) and isinstance(node.function, f.Name):
            return "reads" if node.function.id in ("next", "list", "sum", "enumerate") else None
        return None

    def _is_locked(self, place: Place) -> bool:
        """Whether a place is inside a `with` of a lock."""
        for frame in self.program.outline(place.activation).around(place.at):
            if isinstance(frame.node, f.With):
                for manager, _ in frame.node.items:
                    for value in self.program.values(manager, place.activation):
                        if isinstance(value, Made) and value.kind.role in ("lock", "condition"):
                            return True
        return False

    def _left_in_buffer(self, made: Made, worker: Worker) -> Place | None:
        """Where the parent writes to a file before it starts a worker, and flushes nothing."""
        written = None
        for place, expression, value in self._uses_of_files:
            if value is not made or MAIN not in self.program.runners(place.activation):
                continue
            outline = self.program.outline(place.activation)
            frame = next(outline.around(place.at), None)
            node = frame.node if frame is not None else None
            if isinstance(node, f.Attribute) and node.name in ("flush", "close", "fileno"):
                return None
            if self._verb(place, expression) == "writes":
                if any(self.globals.comes_before(place, s) for s in self.globals.starts(worker)):
                    written = written or place
        for activation, at in self.program.made.get(made, ()):
            call = self.program.outline(activation).expressions.get(at)
            if not isinstance(call, f.Call) or any(
                a.keyword == "buffering" for a in call.arguments
            ):
                return None
        return written

    # Sockets ------------------------------------------------------------------------------------

    def _sockets(self) -> Iterator[Inheritance]:
        """The connected sockets of modules that several children talk through."""
        for variable, writes in self.globals.writes.items():
            made = [self._connected(write.value, write.activation) for write in writes]
            if len(made) != 1 or made[0] is None or variable[0].path in self.globals.hidden:
                continue
            if any(self.globals.workers_at(write.activation) for write in writes):
                continue
            for read in self.globals.reads.get(variable, ()):
                outline = self.program.outline(read.activation)
                frame = next(outline.around(read.at), None)
                node = frame.node if frame is not None else None
                if not isinstance(node, f.Attribute) or node.name not in _TALKS:
                    continue
                for worker in self._forked(read):
                    if self.program.sharing.is_many(worker) and not self._is_locked(read):
                        name = describe(read.expression)
                        methods = self._methods(made[0], worker)
                        yield Inheritance(read.site, made[0].site, worker, name, _TALK, methods)
                        break

    def _connected(self, value: f.Expr | None, activation: object) -> Place | None:
        if not isinstance(value, f.Call):
            return None
        for (where, at), path in self.program.record.externals.items():
            if where is activation and at == value.at and path in _CONNECTING:
                return Place(where, at)
        return None


_OFFSET = (
    "they all move one position in it, so each of them gets a part of what is there, in no order"
)
_BUFFER = "each of them also has a copy of what the parent has written and not flushed"
_TALK = "each of them may get what was meant for another one"
