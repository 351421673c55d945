"""Changes that a child makes to variables, lists, dicts and objects of its own, while the parent
reads those that it has kept itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.nouns import MAIN
from mplint.model.paths.quiet import is_quiet
from mplint.model.solving.solve import RETURNED
from mplint.model.state.globals import Place, Write
from mplint.model.values import (
    NOTHING,
    Activation,
    Container,
    Instance,
    Made,
    Named,
    Site,
    Value,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Worker
    from mplint.model.program import Program


class Lost(Struct, frozen=True):
    """A change that a worker makes in its own process, and a place where the parent expects it."""

    change: Place
    worker: Worker
    read: Site
    what: str


class Changes:
    """The questions about changes that get lost, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.globals = program.globals

    def lost(self, path: Path) -> list[Lost]:
        """The changes in a file that get lost: one for each thing that is changed."""
        return [lost for lost in self._lost if lost.change.activation.path == path]

    @cached_property
    def _lost(self) -> list[Lost]:
        if not self.globals.workers:
            return []
        found: list[Lost] = []
        for variable, writes in self.globals.writes.items():
            if variable[0].path not in self.globals.hidden and self._by_worker(writes):
                found += self._first(writes, writes, self.globals.reads.get(variable, []))
        for holder, changes in self.globals.changes.items():
            if isinstance(holder, Container) and self._is_parents_own(holder):
                added = [change for change in changes if self.globals.adds(change)]
                if self._by_worker(added):
                    found += self._first(added, changes, list(self._content_reads(holder, added)))
            elif isinstance(holder, Instance) and holder not in self._handed_on:
                by_name: dict[str, list[Write]] = defaultdict(list)
                for change in changes:
                    by_name[self._attribute(change)].append(change)
                for name, same in by_name.items():
                    if self._by_worker(same):
                        reads = list(self._attribute_reads(holder, name))
                        found += [
                            lost
                            for lost in self._first(same, same, reads)
                            if not self._is_given_away(holder, lost.worker)
                            and not self._makes_its_own(lost.worker, holder)
                        ]
        return found

    def _by_worker(self, changes: Iterable[Write]) -> bool:
        """Whether there is any use in asking who reads what is changed, which takes much longer."""
        return any(self._only_worker(change) is not None for change in changes)

    def _first(
        self, changes: list[Write], writes: Iterable[Write], reads: Sequence[Place]
    ) -> Iterator[Lost]:
        """The first of the changes that only a worker makes and the parent expects."""
        for change in changes:
            worker = self._only_worker(change)
            if worker is None:
                continue
            starts = self.globals.starts(worker)
            for read in reads:
                if not self._is_parents(read) or not self._after(starts, read):
                    continue
                if all(self._is_before(write, starts) for write in writes):
                    expression = self.program.outline(change.activation).expressions.get(change.at)
                    if isinstance(expression, f.Call) and isinstance(
                        expression.function, f.Attribute
                    ):
                        expression = expression.function.value
                    what = describe(expression) if expression is not None else ""
                    yield Lost(change, worker, read.site, what)
                    return

    def _only_worker(self, place: Place) -> Worker | None:
        """The worker that runs a place, if nobody but workers in processes of their own does."""
        runners = self.program.runners(place.activation)
        workers = self.globals.workers_at(place.activation)
        return workers[0] if workers and len(workers) == len(runners) else None

    def _is_parents(self, place: Place) -> bool:
        return self.globals.is_in_parent_only(place)

    def _after(self, starts: list[Place], read: Place) -> bool:
        return any(self.globals.comes_before(start, read) for start in starts)

    def _is_before(self, write: Write, starts: list[Place]) -> bool:
        """Whether a write says nothing against it: a child makes it, or the parent does so before
        it starts a child."""
        if self.globals.is_at_import(write) or self._only_worker(write) is not None:
            return True
        if not self._is_parents(write):
            return not self.program.runners(write.activation)  # nobody comes there
        before = [self.globals.comes_before(write, start) for start in starts]
        after = [self.globals.comes_before(start, write) for start in starts]
        return any(before) and not any(after)

    # Lists, dicts and objects -------------------------------------------------------------------

    def _is_parents_own(self, holder: Container) -> bool:
        """Whether a list, dict or set is made empty by the parent or by an import, and reaches the
        parent on no other way."""
        if holder in self._handed_on or holder in self.program.solver.escapes:
            return False
        for activation in self.program.activations_at(holder.site):
            expression = self.program.outline(activation).expressions.get(holder.site.at)
            empty = (
                isinstance(expression, (f.Display, f.DictDisplay)) and not expression.items
            ) or (
                isinstance(expression, f.Call)
                and isinstance(expression.function, f.Name)
                and expression.function.id in ("list", "dict", "set")
                and not expression.arguments
            )
            if not empty or self.program.runners(activation) != {MAIN}:
                return False
        return True

    @cached_property
    def _handed_on(self) -> set[Value]:
        """What is sent in messages or comes back as the result of a task, and what that holds."""
        program = self.program
        entries = {entry for worker in program.workers for entry in worker.entries}
        cells = program.solver.cells
        return program.with_contents(
            value
            for (owner, name), values in cells.items()
            if name == "item" or (name == RETURNED and owner in entries)
            for value in values
        )

    def _is_given_away(self, holder: Value, worker: Worker) -> bool:
        """Whether a worker gives an object to code that we do not see: that may read in the worker
        what has been changed there, and the change is for it."""
        return any(
            worker in self.program.runners(activation) for activation in self._given_away[holder]
        )

    def _makes_its_own(self, worker: Worker, holder: Instance) -> bool:
        """Whether a worker makes an object of its own that we cannot tell from this one: what it
        changes can be that."""
        return any(
            worker in self.program.runners(activation) for activation in self._makers[holder]
        )

    @cached_property
    def _makers(self) -> dict[Value, list[Activation]]:
        """The functions that make each object of a class of the project."""
        found: dict[Value, list[Activation]] = defaultdict(list)
        for (activation, _), values in self.program.record.made.items():
            for value in values:
                if isinstance(value, Instance):
                    found[value].append(activation)
        return found

    @cached_property
    def _given_away(self) -> dict[Value, set[Activation]]:
        """By object, the functions that give it, alone or among others, to code that we do not
        see."""
        program = self.program
        found: dict[Value, set[Activation]] = defaultdict(set)
        for activation, at in [*program.record.unknown, *program.record.externals]:
            path = program.record.externals.get((activation, at))
            call = program.outline(activation).expressions.get(at)
            if not isinstance(call, f.Call) or (path is not None and is_quiet(path)):
                continue
            for argument in call.arguments:
                for value in program.values(argument.value, activation):
                    found[value].add(activation)
                    if isinstance(value, Container):
                        for held in program.solver.cells.get((value, "all"), NOTHING):
                            found[held].add(activation)
        return found

    def _attribute(self, change: Write) -> str:
        expression = self.program.outline(change.activation).expressions.get(change.at)
        return expression.name if isinstance(expression, f.Attribute) else ""

    def _content_reads(self, holder: Container, changes: list[Write]) -> Iterator[Place]:
        """Where the parent asks for what is in a container."""
        if not any(self._only_worker(change) for change in changes):
            return
        for place, expression in self._in_parent.get(holder, ()):
            if self._is_content_used(place, expression):
                yield place

    def _is_content_used(self, place: Place, expression: f.Expr) -> bool:
        """Whether more is done with a container than to pass it on, or to change it."""
        outline = self.program.outline(place.activation)
        for frame in outline.around(place.at):
            node = frame.node
            if isinstance(node, f.Call):
                if (place.activation, node.at) in self.program.launches_at:
                    return False
                if node.function is expression:
                    return True
                functions = self.program.values(node.function, place.activation)
                return all(isinstance(value, Named) for value in functions)
            if isinstance(node, f.Subscript):
                return node.value is expression
            if isinstance(node, f.Attribute):
                called = next(outline.around(node.at), None)
                call = called.node if called is not None else None
                read_only = node.name in ("items", "keys", "values", "get", "copy", "index")
                return read_only and isinstance(call, f.Call) and call.function is node
            if isinstance(node, (f.Comprehension, f.Text)):
                return True
            if isinstance(node, f.Expr):
                continue
            return isinstance(node, f.For) and frame.part == "test"
        return False

    def _attribute_reads(self, holder: Instance, name: str) -> Iterator[Place]:
        """Where the parent reads an attribute of an object."""
        kind = self.program.solver.kind_of(holder)
        if not name or (kind is not None and kind.knows(name)):
            return
        values = self.program.solver.cells.get((holder, name), NOTHING)
        if any(isinstance(value, Made) for value in values):
            return  # what is made in a worker, other rules speak of
        for place, expression in self._in_parent.get(holder, ()):
            outline = self.program.outline(place.activation)
            frame = next(outline.around(place.at), None)
            node = frame.node if frame is not None else None
            if isinstance(node, f.Attribute) and node.value is expression and node.name == name:
                if node.at not in self.globals.stored(place.activation):
                    yield Place(place.activation, node.at)

    @cached_property
    def _in_parent(self) -> dict[Value, list[tuple[Place, f.Expr]]]:
        """The names and attributes in functions that only the parent runs, by the one object that
        they give."""
        found: dict[Value, list[tuple[Place, f.Expr]]] = defaultdict(list)
        for activation in self._parents:
            for at, expression in self.program.outline(activation).expressions.items():
                if isinstance(expression, (f.Name, f.Attribute)):
                    values = self.program.values(expression, activation)
                    if len(values) == 1:
                        (value,) = values
                        found[value].append((Place(activation, at), expression))
        return found

    @cached_property
    def _parents(self) -> list[Activation]:
        return [
            a for a in list(self.program.solver.activations) if self.program.runners(a) == {MAIN}
        ]
