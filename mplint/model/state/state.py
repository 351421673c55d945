"""State that one process has and another one lacks: variables, and what is in lists, dicts and
objects, as the parent has set them before it starts a child that does not inherit them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint import catalog
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.loading.names import BUILTINS
from mplint.model.nouns import MAIN
from mplint.model.state.globals import Place, Read, Variable, Write
from mplint.model.values import (
    Activation,
    Container,
    Instance,
    Literal,
    Made,
    Named,
    Site,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Worker
    from mplint.model.program import Program


class Unseen(Struct, frozen=True):
    """A read in a child of what only the parent has set, at `write`, before it started the child.
    `missing` says that an import leaves nothing there at all; `what` names it."""

    read: Read
    worker: Worker
    write: Site
    what: str
    missing: bool
    start_methods: tuple[str, ...]


class State:
    """The questions about state, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.globals = program.globals

    def unseen_in_child(self, path: Path) -> list[Unseen]:
        """What children read in a file and do not see: one answer per variable, at its first
        read."""
        return [unseen for unseen in self._unseen if unseen.read.activation.path == path]

    @cached_property
    def _unseen(self) -> list[Unseen]:
        found: dict[object, Unseen] = {}
        if not self.globals.workers:
            return []
        for variable, reads in self.globals.reads.items():
            if variable[0].path in self.globals.hidden:
                continue
            for read in reads:
                for key, unseen in self._unseen_at(variable, read):
                    found.setdefault(key, unseen)
        return list(found.values())

    def _unseen_at(self, variable: Variable, read: Read) -> Iterator[tuple[object, Unseen]]:
        """What a read does not see, if it runs in a child; with a key that is the same for all
        reads of the same thing."""
        workers = self.globals.workers_at(read.activation)
        if not workers or self.globals.is_at_import(read):
            return
        if not self.globals.is_defined_by_import(read.activation):
            return  # what is amiss then is that a child does not have the function
        for worker in workers:
            methods = self.globals.start_methods(worker)
            if not methods or self._depends_on_own_file(read):
                continue
            found = self._unset(variable, read, worker)
            if found is not None:
                write, missing = found
                what = describe(read.expression)
                yield variable, Unseen(read, worker, write.site, what, missing, methods)
                return
            for key, used, change in self._unfilled(read, worker):
                what = describe(used.expression)
                yield (variable, key), Unseen(used, worker, change.site, what, False, methods)
                return

    # Variables ----------------------------------------------------------------------------------

    def _unset(self, variable: Variable, read: Read, worker: Worker) -> tuple[Write, bool] | None:
        """The write of the parent that a child does not see, and whether there is no other."""
        writes = self.globals.writes.get(variable, [])
        if any(self._runs_in_child(write) for write in writes):
            return None
        parents = [write for write in writes if self._is_parents(write, worker)]
        if not parents or not self._is_plain(self.program.solver.cells.get(variable, frozenset())):
            return None
        imported = [write for write in writes if self.globals.is_at_import(write)]
        if not imported:
            owner, name = variable
            star = owner.path in self.program.solver.star_imports
            if name in BUILTINS or star or self._is_prepared(read):
                return None
            return parents[0], True
        before = [self._constant(write) for write in imported]
        for write in parents:
            after = self._constant(write)
            if after is None or any(value is not after for value in before):
                return write, False
        return None

    def _is_parents(self, write: Place, worker: Worker) -> bool:
        """Whether only the parent comes to a place, and does so before it starts a worker."""
        return self.globals.is_in_parent_only(write) and any(
            self.globals.comes_before(write, start) for start in self.globals.starts(worker)
        )

    def _runs_in_child(self, place: Place) -> bool:
        return any(runner is not MAIN for runner in self.program.runners(place.activation))

    def _is_plain(self, values: Values) -> bool:
        """Whether values are none of the objects that other rules speak of."""
        return not any(isinstance(v, Made) and v.kind.family != "other" for v in values)

    def _constant(self, write: Write) -> Value | None:
        if write.value is None:
            return None
        values = self.program.values(write.value, write.activation)
        constants = [value for value in values if isinstance(value, Literal)]
        return constants[0] if len(values) == len(constants) == 1 else None

    def _is_prepared(self, read: Read) -> bool:
        """Whether the code around a read goes on when there is no such name."""
        for frame in self.program.outline(read.activation).around(read.at):
            if isinstance(frame.node, f.Try) and frame.part == "body":
                for handler in frame.node.handlers:
                    if handler.type is None:
                        return True
                    types = self.program.values(handler.type, read.activation)
                    if any(isinstance(t, Named) and t.path in _NO_NAME for t in types):
                        return True
        return False

    def _depends_on_own_file(self, read: Read) -> bool:
        """Whether a read is come to only if a file says so that each child opens by its import: how
        far the parent has read in its own one, the child's does not tell."""
        outline = self.program.outline(read.activation)
        todo: list[f.Expr] = []
        for frame in outline.around(read.at):
            if isinstance(frame.node, f.Branch) and frame.part != "test":
                todo += [test for test, _ in frame.node.arms]
        seen: set[str] = set()
        while todo:
            expression = todo.pop()
            if isinstance(expression, f.Name) and expression.id not in seen:
                seen.add(expression.id)
                bindings = outline.bindings.get(expression.id, ())
                todo += [binding.value for binding in bindings if binding.value is not None]
            if isinstance(expression, f.Call) and isinstance(expression.function, f.Attribute):
                if self._is_file_of_module(expression.function.value, read.activation):
                    return True
            todo += f.parts(expression)
        return False

    def _is_file_of_module(self, expression: f.Expr, activation: Activation) -> bool:
        values = self.program.values(expression, activation)
        return bool(values) and all(
            isinstance(value, Made) and value.kind.role == "file" and self._is_made_at_import(value)
            for value in values
        )

    # What variables hold ------------------------------------------------------------------------

    def _unfilled(self, read: Read, worker: Worker) -> Iterator[tuple[object, Read, Write]]:
        """What the parent has put into the list, dict or object of a variable, and a child reads:
        the place of the read, and of the change."""
        values = self.program.values(read.expression, read.activation)
        if len(values) != 1:
            return
        (holder,) = values
        changes = self.globals.changes.get(holder)
        if not changes or not self._is_used(holder) or not self._is_made_at_import(holder):
            return
        if isinstance(holder, Container):
            if any(self._runs_in_child(change) for change in changes):
                return
            if self._is_stored(read) or self._is_made_good(read, holder):
                return
            for change in changes:
                if self.globals.adds(change) and self._is_parents(change, worker):
                    yield None, read, change
                    return
            return
        used = self._attribute_read(read)
        if used is None:
            return
        name = used.expression.name if isinstance(used.expression, f.Attribute) else ""
        if isinstance(holder, Made) and holder.kind is _CONTEXT_VARIABLE:
            if name != "get":
                return
            name = "set"
        same = [change for change in changes if self._name_of(change) == name]
        if any(self._runs_in_child(change) for change in same):
            return
        before = [self._constant(w) for w in same if self.globals.is_at_import(w)]
        for change in same:
            after = self._constant(change)
            if after is not None and before and all(value is after for value in before):
                continue
            if self._is_parents(change, worker):
                yield name, used, change
                return

    def _is_used(self, holder: Value) -> bool:
        if isinstance(holder, Made):
            return holder.kind in (_CONTEXT_VARIABLE, _THREAD_LOCAL)
        if isinstance(holder, Instance):
            return self.program.solver.kind_of(holder) is None
        return isinstance(holder, Container) and holder.shape in ("list", "dict", "set")

    def _is_made_at_import(self, holder: Value) -> bool:
        """Whether an object is made once, when its module is imported."""
        if isinstance(holder, Container):
            places = [Place(a, holder.site.at) for a in self.program.activations_at(holder.site)]
        else:
            places = [Place(*place) for place in self._made.get(holder, ())]
        return len(places) == 1 and self.globals.is_at_import(places[0])

    @cached_property
    def _made(self) -> dict[Value, list[tuple[Activation, int]]]:
        found: dict[Value, list[tuple[Activation, int]]] = {}
        for place, values in self.program.record.made.items():
            for value in values:
                found.setdefault(value, []).append(place)
        return found

    def _name_of(self, change: Write) -> str:
        expression = self.program.outline(change.activation).expressions.get(change.at)
        if isinstance(expression, f.Call):
            expression = expression.function
        return expression.name if isinstance(expression, f.Attribute) else ""

    def _is_stored(self, read: Read) -> bool:
        """Whether a read only serves to change something: the `xs` of `xs[0] = 1`."""
        stored = self.globals.stored(read.activation)
        outline = self.program.outline(read.activation)
        frame = next(outline.around(read.at), None)
        node = frame.node if frame is not None else None
        return isinstance(node, f.Subscript) and node.at in stored

    def _is_made_good(self, read: Read, holder: Container) -> bool:
        """Whether a function asks whether there is an object in a list or dict, and else makes one
        of the same class: a child does as well without what the parent has put there."""
        held = self.program.solver.cells.get((holder, "all"), frozenset())
        classes = {value.cls for value in held if isinstance(value, Instance)}
        outline = self.program.outline(read.activation)
        if not classes or not any(
            _asks(expression, read.expression) for expression in outline.expressions.values()
        ):
            return False
        made = {
            value.cls
            for at, expression in outline.expressions.items()
            if isinstance(expression, f.Call)
            for value in self.program.values(expression, read.activation)
            if isinstance(value, Instance) and not self._is_found(read, at)
        }
        return classes <= made

    def _is_found(self, read: Read, at: int) -> bool:
        """Whether a place is come to only where a list or dict has what it was asked for."""
        for frame in self.program.outline(read.activation).around(at):
            if isinstance(frame.node, f.Branch) and frame.part == "body":
                test = frame.node.arms[frame.index][0]
                if isinstance(test, f.Comparison) and _asks(test, read.expression):
                    return test.rest[0][0] == "in"
        return False

    def _attribute_read(self, read: Read) -> Read | None:
        """The attribute that is read of what a variable holds."""
        outline = self.program.outline(read.activation)
        frame = next(outline.around(read.at), None)
        node = frame.node if frame is not None else None
        if not isinstance(node, f.Attribute) or node.value is not read.expression:
            return None
        if node.at in self.globals.stored(read.activation):
            return None
        return Read(read.activation, node.at, node, read.variable)


def _asks(expression: f.Expr, holder: f.Expr) -> bool:
    """Whether something is looked for in a list or dict that may lack it."""
    match expression:
        case f.Comparison(rest=(("in" | "not in", right),)):
            return describe(right) == describe(holder)
        case f.Call(function=f.Attribute(value=owner, name="get")):
            return describe(owner) == describe(holder)
    return False


_NO_NAME = frozenset({"NameError", "AttributeError", "Exception", "BaseException"})


def _kind(path: str) -> catalog.Kind | None:
    maker = catalog.find(path)
    return maker.kind if isinstance(maker, catalog.Maker) else None


_CONTEXT_VARIABLE = _kind("contextvars.ContextVar")
_THREAD_LOCAL = _kind("threading.local")
