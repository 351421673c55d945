"""How long blocks of shared memory live, and what looks into them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mplint.catalog import python
from mplint.model import facts as f
from mplint.model.counts import describe
from mplint.model.everywhere import Everywhere
from mplint.model.flow import catches
from mplint.model.nouns import MAIN, Operation, Worker
from mplint.model.sequence import comes_after, is_meant_to_fail
from mplint.model.values import Activation, Literal, Made, Site

if TYPE_CHECKING:
    from mplint.model.program import Program

_PINNING = frozenset({"memoryview", "numpy.frombuffer", "numpy.asarray"})
"""What makes an object that keeps a block from being closed."""

_ARRAY = "numpy.ndarray"
"""What looks into a block without keeping it."""


@dataclass(frozen=True, slots=True)
class View:
    """A name for something that looks into a block. `how` is `alias` for the buffer itself, `pins`
    for what keeps the block from being closed, `array` for what does not even that."""

    name: str
    at: int
    how: str
    block: Made


@dataclass(frozen=True, slots=True)
class Outlived:
    """A view and its block, which do not live equally long: `why` is `used` for a use after the
    block's end, `pinned` for a close that fails, `lost` for a block that goes with its function."""

    why: str
    at: Site
    text: str
    block: Made
    view: Site | None = None
    how: str = "alias"


@dataclass(frozen=True, slots=True)
class Leaked:
    """A block that is not given back as it should be: `why` is `twice`, `early` or `never`; `other`
    is the other unlink, or the start of the process that needs it."""

    why: str
    at: Site
    block: Made
    other: Site | None = None
    worker: Worker | None = None
    start_methods: tuple[str, ...] | None = None


class Blocks:
    """The questions about shared memory, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def everywhere(self) -> Everywhere:
        return Everywhere(self.program)

    # Views --------------------------------------------------------------------------------------

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
        outline = self.program.outline(activation)
        gone = {
            target.at
            for step in f.steps(activation.scope.body)
            if isinstance(step, (f.Bind, f.Forget))
            for targets in step.targets
            for target in f.leaves(targets)
        }
        for at in sorted(outline.expressions):
            expression = outline.expressions[at]
            if isinstance(expression, f.Name) and expression.id == name and at not in gone:
                yield expression

    def _is_released(self, name: str, activation: Activation) -> bool:
        """Whether a name is deleted somewhere, or what it stands for is released."""
        outline = self.program.outline(activation)
        for step in f.steps(activation.scope.body):
            if isinstance(step, f.Forget):
                if any(isinstance(t, f.Name) and t.id == name for t in step.targets):
                    return True
            if isinstance(step, f.With):
                if any(isinstance(m, f.Name) and m.id == name for m, _ in step.items):
                    return True
        return any(
            isinstance(e, f.Attribute)
            and e.name == "release"
            and isinstance(e.value, f.Name)
            and e.value.id == name
            for e in outline.expressions.values()
        )

    def after_close(self, close: Operation) -> Outlived | None:
        """For a close: what looks into the block after it, or keeps it from being closed."""
        block, activation = close.receiver, close.activation
        if not isinstance(block, Made) or block.kind.role != "memory" or close.does != "close":
            return None
        if not close.sure:
            return None
        outline = self.program.outline(activation)
        views = [view for view in self.views(activation) if view.block is block]
        for view in views:
            if view.how == "pins" and comes_after(outline, close.at, view.at):
                if not self._is_released(view.name, activation):
                    where = Site(activation.path, view.at)
                    return Outlived("pinned", close.site, view.name, block, where, view.how)
        for at in sorted(outline.expressions):
            expression = outline.expressions[at]
            if at <= close.at or not comes_after(outline, at, close.at):
                continue
            if isinstance(expression, f.Attribute) and expression.name == "buf":
                if is_meant_to_fail(outline, at):
                    continue
                if self.block_of(expression.value, activation) is block:
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
        if found is None or found[1] == "pins" or not self._is_local(found[0], activation):
            return None
        where = Site(activation.path, value.at)
        return Outlived("lost", where, describe(value), found[0], None, found[1])

    def _is_local(self, block: Made, activation: Activation) -> bool:
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

    # Unlinking ----------------------------------------------------------------------------------

    def origin(self, block: Made) -> Made:
        """The block that an attached one is: that whose `name` it is attached by."""
        for activation, at in self.program.made.get(block, ()):
            call = self.program.outline(activation).expressions.get(at)
            if not isinstance(call, f.Call) or self._creates(call, activation) is not False:
                return block
            given = [a.value for a in call.arguments if a.keyword == "name"]
            given += [a.value for a in call.arguments[:1] if a.keyword is None and not a.star]
            if not given:
                return block
            place: tuple[f.Expr, Activation] | None = (given[0], activation)
            while place is not None and isinstance(place[0], f.Name):
                place = self.program.sentinels.counter.definition(place[0], place[1])
            if place is not None and isinstance(place[0], f.Attribute):
                found = self.block_of(place[0].value, place[1])
                if found is not None and place[0].name == "name" and found is not block:
                    return found
        return block

    def _creates(self, call: f.Call, activation: Activation) -> bool | None:
        """Whether a call makes a new block."""
        for index, argument in enumerate(call.arguments):
            if argument.star:
                return None
            if argument.keyword == "create" or (index == 1 and argument.keyword is None):
                return self.program.truth(argument.value, activation)
        return False

    def misplaced(self, unlink: Operation) -> Leaked | None:
        """For an unlink: another one of the same block, or a process that needs it after this."""
        block = unlink.receiver
        if not isinstance(block, Made) or unlink.name != "unlink" or not unlink.sure:
            return None
        if unlink.call is None or self._is_forgiven(unlink):
            return None
        block = self.origin(block)
        return self._twice(unlink, block) or self._early(unlink, block)

    def _unlinks(self, block: Made) -> list[Operation]:
        return [
            operation
            for other in self.program.made
            if other.kind.role == "memory" and self.origin(other) is block
            for operation in self.program.on.get(other, ())
            if operation.name == "unlink"
        ]

    def _twice(self, unlink: Operation, block: Made) -> Leaked | None:
        everywhere, here = self.everywhere, unlink.activation
        if everywhere.depends(here, unlink.at) or self._is_conditional(unlink):
            return None
        several = everywhere.several(here)
        if several and self._is_one_for_all(block, several[0]):
            return Leaked("twice", unlink.site, block, worker=several[0])
        for other in self._unlinks(block):
            if other is unlink or not other.sure or self._is_forgiven(other):
                continue
            if everywhere.depends(other.activation, other.at):
                continue
            if other.activation is here:
                if comes_after(self.program.outline(here), unlink.at, other.at):
                    return Leaked("twice", unlink.site, block, other.site)
                continue
            workers = [r for r in other.runners if isinstance(r, Worker)]
            if unlink.runners == {MAIN} and workers and MAIN not in other.runners:
                return Leaked("twice", unlink.site, block, other.site, workers[0])
        return None

    def _is_conditional(self, unlink: Operation) -> bool:
        """Whether a test decides if a block is unlinked."""
        return any(
            isinstance(frame.node, (f.Branch, f.Match, f.Boolean, f.Conditional))
            for frame in self.program.outline(unlink.activation).around(unlink.at)
        )

    def _is_one_for_all(self, block: Made, worker: Worker) -> bool:
        """Whether all processes of a worker have the same block."""
        places = self.program.made.get(block, ())
        if not places or any(worker in self.program.runners(a) for a, _ in places):
            return False
        count = self.program.sentinels.processes_with(worker, block)
        return count is not None and count.known != 1 and not worker.in_pool

    def _early(self, unlink: Operation, block: Made) -> Leaked | None:
        """A process that is started, and not waited for, before the block's name goes."""
        program, here = self.program, unlink.activation
        outline = program.outline(here)
        for worker in program.processes:
            if worker.in_pool:
                continue
            attaches = any(
                worker in program.runners(activation)
                for other, places in program.made.items()
                if other is not block and other.kind.role == "memory"
                if self.origin(other) is block
                for activation, _ in places
            )
            given = any(
                block in values and worker.how == "target"
                for edge in worker.edges
                for _, values in edge.given
            )
            if not attaches and not given:
                continue
            methods = program.methods_of(worker.holder)
            if not attaches:
                methods = tuple(method for method in methods if method != "fork")
            for start in worker.operations("start"):
                if start.activation is not here or not methods:
                    continue
                before = comes_after(outline, start.at, unlink.at)
                after = start.at < unlink.at and not self._waits_between(start, unlink)
                if before or after:
                    return Leaked("early", unlink.site, block, start.site, worker, methods)
        return None

    def _waits_between(self, start: Operation, unlink: Operation) -> bool:
        """Whether something between two places may take until a process has begun its work."""
        program, activation = self.program, start.activation
        for at, expression in program.outline(activation).expressions.items():
            if not start.at < at < unlink.at or not isinstance(expression, f.Call):
                continue
            operations = program.operations_at.get((activation, at), ())
            if any(o.method.waits or o.does in ("alive", "kill", "poll") for o in operations):
                return True
            if program.callees_at.get((activation, at)):
                return True
            if (activation, at) in program.record.unknown:
                return True
            path = program.record.externals.get((activation, at), "print")
            if path not in python.QUIET or path == "time.sleep":
                return True
        return False

    def _is_forgiven(self, unlink: Operation) -> bool:
        """Whether an unlink may fail without harm."""
        program = self.program
        for frame in program.outline(unlink.activation).around(unlink.at):
            if isinstance(frame.node, f.Try) and frame.part == "body":
                for handler in frame.node.handlers:
                    if handler.type is None:
                        return True
                    types = program.values(handler.type, unlink.activation)
                    if catches(program, types, "FileNotFoundError") is not False:
                        return True
            if isinstance(frame.node, f.With) and frame.part == "body":
                return True  # `contextlib.suppress`, or a lock
        return False

    def never_unlinked(self, call: f.Call, activation: Activation) -> Leaked | None:
        """For the making of a block that nobody tracks: whether nobody unlinks any."""
        made = self.program.record.made.get((activation, call.at), ())
        blocks = [v for v in made if isinstance(v, Made) and v.kind.role == "memory"]
        if len(blocks) != 1 or self._creates(call, activation) is not True:
            return None
        (block,) = blocks
        track = next((a.value for a in call.arguments if a.keyword == "track"), None)
        if track is None or self.program.truth(track, activation) is not False:
            return None
        given = next((a.value for a in call.arguments if a.keyword == "name"), None)
        values = self.program.values(given, activation) if given is not None else ()
        if any(not isinstance(v, Literal) or v.value is not None for v in values):
            return None  # others may know the name, and keep it on purpose
        if block in self.program.solver.escapes or self.program.overrun:
            return None
        if any(operation.name == "unlink" for operation in self.program.operations):
            return None
        return Leaked("never", Site(activation.path, call.at), block)
