"""Who takes the names of shared memory away, and when."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.sequence import comes_after
from mplint.model.nouns import MAIN, Operation, Worker
from mplint.model.paths.quiet import is_quick_call
from mplint.model.paths.raising import catches
from mplint.model.sharing.views import Views
from mplint.model.state.everywhere import Everywhere
from mplint.model.values import Activation, Literal, Made, Site

if TYPE_CHECKING:
    from mplint.model.program import Program


class Leaked(Struct, frozen=True):
    """A block that is not given back as it should be: `why` is `twice`, `early` or `never` for its
    unlink, `open` where each task leaves it open. `other` is the other unlink, the start of the
    process that needs it, or what keeps it open."""

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
    def views(self) -> Views:
        """What looks into blocks."""
        return Views(self.program)

    @cached_property
    def everywhere(self) -> Everywhere:
        return Everywhere(self.program)

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
                place = self.program.counter.definition(place[0], place[1])
            if place is not None and isinstance(place[0], f.Attribute):
                found = self.views.block_of(place[0].value, place[1])
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
        count = self.program.amounts.processes_with(worker, block)
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
            if not is_quick_call(program, activation, at):
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

    def left_open(self, call: f.Call, activation: Activation) -> Leaked | None:
        """For the opening of a block in a task: whether it stays open when the task is over, as
        something looks into it that goes only after it."""
        made = self.program.record.made.get((activation, call.at), ())
        blocks = [v for v in made if isinstance(v, Made) and v.kind.role == "memory"]
        if len(blocks) != 1 or activation.scope.is_generator:
            return None
        (block,) = blocks
        tasks = [
            runner
            for runner in self.program.runners(activation)
            if isinstance(runner, Worker) and runner.in_pool and runner.how == "task"
        ]
        if not tasks or any(o.does == "close" for o in self.program.on.get(block, ())):
            return None
        if not self.views.is_local(block, activation):
            return None
        for view in self.views.views(activation):
            if view.block is block and view.how == "pins":
                if not self.views.is_released(view.name, activation):
                    where = Site(activation.path, view.at)
                    at = Site(activation.path, call.at)
                    return Leaked("open", at, block, where, tasks[0])
        return None
