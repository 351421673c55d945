"""What looks into shared memory, and for how long it may."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.sequence import comes_after, is_meant_to_fail
from mplint.model.facts import describe
from mplint.model.state.everywhere import Everywhere
from mplint.model.values import Activation, Made, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

_PINNING = frozenset({"memoryview", "numpy.frombuffer", "numpy.asarray"})
"""What makes an object that keeps a block from being closed."""

_ARRAY = "numpy.ndarray"
"""What looks into a block without keeping it."""


class View(Struct, frozen=True):
    """A name for something that looks into a block. `how` is `alias` for the buffer itself, `pins`
    for what keeps the block from being closed, `array` for what does not even that."""

    name: str
    at: int
    how: str
    block: Made


class Outlived(Struct, frozen=True):
    """A view and its block, which do not live equally long: `why` is `used` for a use after the
    block's end, `pinned` for a close that fails, `lost` for a block that goes with its function."""

    why: str
    at: Site
    text: str
    block: Made
    view: Site | None = None
    how: str = "alias"


class Views:
    """The questions about what looks into shared memory, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._released: dict[Activation, set[str]] = {}
        self._views: dict[Activation, dict[Made, list[View]]] = {}
        self._gone: dict[Activation, set[int]] = {}

    @cached_property
    def everywhere(self) -> Everywhere:
        return Everywhere(self.program)

    def block_of(self, expression: f.Expr, activation: Activation) -> Made | None:
        """The one block that an expression can be."""
        values = self.program.objects(self.program.values(expression, activation))
        if len(values) == 1 and isinstance(values[0], Made) and values[0].kind.role == "memory":
            return values[0]
        return None

    def _viewed(self, expression: f.Expr, activation: Activation) -> tuple[Made, str] | None:
        """The block that an expression looks into, and how."""
        match expression:
            case f.Attribute(value=owner, name="buf"):
                block = self.block_of(owner, activation)
                return (block, "alias") if block is not None else None
            case f.Subscript(value=value, index=f.Slice()):
                found = self._viewed(value, activation)
                return (found[0], "pins") if found is not None and found[1] != "array" else found
            case f.Call(function=function, arguments=arguments):
                path = self.everywhere.path_of(function, activation)
                for index, argument in enumerate(arguments):
                    found = self._viewed(argument.value, activation)
                    if found is None:
                        continue
                    if path == _ARRAY and (argument.keyword == "buffer" or index == 2):
                        return found[0], "array" if found[1] == "alias" else found[1]
                    if path in _PINNING and index == 0:
                        return found[0], "pins"
                if isinstance(function, f.Attribute) and function.name == "cast":
                    found = self._viewed(function.value, activation)
                    return (found[0], "pins") if found is not None else None
        return None

    def views(self, activation: Activation) -> Iterator[View]:
        """The names of a function that look into a block, and are bound once."""
        outline = self.program.outline(activation)
        if activation.scope.kind == "module":
            return  # others may bind or delete them
        for name, bindings in outline.bindings.items():
            if len(bindings) != 1 or not bindings[0].whole or bindings[0].value is None:
                continue
            cell = self.program.solver.variable(activation, name)
            found = self._viewed(bindings[0].value, activation)
            if found is not None and cell is not None and cell[0] is activation:
                yield View(name, bindings[0].at, found[1], found[0])

    def _reads(self, name: str, activation: Activation) -> Iterator[f.Name]:
        """Where a name of a function is read."""
        if activation not in self._gone:
            self._gone[activation] = {
                target.at
                for step in f.steps(activation.scope.body)
                if isinstance(step, (f.Bind, f.Forget))
                for targets in step.targets
                for target in f.leaves(targets)
            }
        found = self.program.outline(activation).names.get(name, ())
        for read in sorted(found, key=lambda read: read.at):
            if read.at not in self._gone[activation]:
                yield read

    def is_released(self, name: str, activation: Activation) -> bool:
        """Whether a name is deleted somewhere, or what it stands for is released."""
        if activation not in self._released:
            self._released[activation] = set(self._find_released(activation))
        return name in self._released[activation]

    def _find_released(self, activation: Activation) -> Iterator[str]:
        for step in f.steps(activation.scope.body):
            if isinstance(step, f.Forget):
                yield from (target.id for target in step.targets if isinstance(target, f.Name))
            if isinstance(step, f.With):
                yield from (item.id for item, _ in step.items if isinstance(item, f.Name))
        for attribute in self.program.outline(activation).attributes.get("release", ()):
            if isinstance(attribute.value, f.Name):
                yield attribute.value.id

    def after_close(self, close: Operation) -> Outlived | None:
        """For a close: what looks into the block after it, or keeps it from being closed."""
        block, activation = close.receiver, close.activation
        if not isinstance(block, Made) or block.kind.role != "memory" or close.does != "close":
            return None
        if not close.sure:
            return None
        outline = self.program.outline(activation)
        if activation not in self._views:
            self._views[activation] = {}
            for view in self.views(activation):
                self._views[activation].setdefault(view.block, []).append(view)
        views = self._views[activation].get(block, [])
        for view in views:
            if view.how == "pins" and comes_after(outline, close.at, view.at):
                if not self.is_released(view.name, activation):
                    where = Site(activation.path, view.at)
                    return Outlived("pinned", close.site, view.name, block, where, view.how)
        for expression in sorted(outline.attributes.get("buf", ()), key=lambda found: found.at):
            at = expression.at
            if self.block_of(expression.value, activation) is not block or at <= close.at:
                continue
            if comes_after(outline, at, close.at) and not is_meant_to_fail(outline, at):
                return Outlived("used", Site(activation.path, at), describe(expression), block)
        for view in views:
            if view.how == "pins" or not comes_after(outline, close.at, view.at):
                continue
            for read in self._reads(view.name, activation):
                if comes_after(outline, read.at, close.at):
                    place, where = Site(activation.path, read.at), Site(activation.path, view.at)
                    return Outlived("used", place, view.name, block, where, view.how)
        return None

    def returned(self, step: f.Leave, activation: Activation) -> Outlived | None:
        """For a return of something that looks into a block: whether the block goes with the
        function, as nobody else holds it."""
        value = step.value
        if step.kind != "return" or value is None or activation.scope.is_generator:
            return None
        found = self._viewed(value, activation)
        if found is None and isinstance(value, f.Name):
            views = [view for view in self.views(activation) if view.name == value.id]
            found = (views[0].block, views[0].how) if views else None
        if found is None or found[1] == "pins" or not self.is_local(found[0], activation):
            return None
        where = Site(activation.path, value.at)
        return Outlived("lost", where, describe(value), found[0], None, found[1])

    def is_local(self, block: Made, activation: Activation) -> bool:
        """Whether a block is held by one variable of a function only."""
        outline = self.program.outline(activation)
        if activation.scope.kind == "module" or block in self.program.solver.escapes:
            return False
        names = {
            name
            for name, bindings in outline.bindings.items()
            for binding in bindings
            if binding.value is not None and binding.value.at == block.site.at
        }
        if len(names) != 1 or block.site.path != activation.path:
            return False
        (name,) = names
        cell = self.program.solver.variable(activation, name)
        if cell is None or cell[0] is not activation or len(outline.bindings[name]) != 1:
            return False
        if name in self.program.solver.shared[activation.path]:
            return False
        return all(
            isinstance(frame.node, f.Attribute)
            for read in self._reads(name, activation)
            for frame in [next(outline.around(read.at), None)]
            if frame is not None
        ) and not self._is_captured(name, activation)

    def _is_captured(self, name: str, activation: Activation) -> bool:
        """Whether a function inside of this one uses a name of it."""
        file = self.program.solver.files[activation.path]
        return any(
            isinstance(expression, f.Name) and expression.id == name
            for scope in file.scopes
            if scope.parent == activation.scope.index
            for inner in self.program.activations(scope)
            for expression in self.program.outline(inner).expressions.values()
        )
