"""Objects that are meant to be shared but are not: made in the worker itself, or of a kind that
stays in one process."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.solving.intrinsics import other_end
from mplint.model.solving.solve import RETURNED, Cell
from mplint.model.values import (
    Activation,
    Made,
    Site,
    Value,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Worker
    from mplint.model.program import Program


class MadeInWorker(Struct, frozen=True):
    """An object that a worker makes for itself. `elsewhere` is a use of it in another process,
    which has none or another one; where it is None, the worker only ever puts to it, or locks with
    it alone."""

    made: Made
    worker: Worker
    use: Operation
    elsewhere: Operation | None


class ThreadObject(Struct, frozen=True):
    """An object for threads that is given to a process (`at` is the argument), or is a global that
    several processes use: where, and what each of them does there."""

    made: Made
    worker: Worker
    at: Site
    uses: tuple[tuple[Site, str], ...] = ()


class Sharing:
    """The questions about what processes share, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    # Made in the worker -------------------------------------------------------------------------

    @cached_property
    def any_made_in_worker(self) -> bool:
        """Whether a worker makes something that is not shared."""
        return any(self.made_in_worker(made) for made in self.program.made)

    def made_in_worker(self, made: Made) -> MadeInWorker | None:
        """Why an object is not shared: it is made by code that only a worker runs."""
        program = self.program
        if made.kind.family != "process" or made.kind.role not in _SHARED or made.given:
            return None
        if made.of is not None and made.of.kind.role != "context":
            return None  # not made but asked for: `value.get_lock()`
        places = program.made.get(made, ())
        makers: set[object] = set()
        for activation, _ in places:
            makers |= program.runners(activation)
        if len(makers) != 1 or made in program.solver.escapes or made in self._handed_on:
            return None
        (maker,) = makers
        if isinstance(maker, str):
            return None
        worker = next(w for w in program.processes if w is maker)
        uses = program.on.get(made, [])
        elsewhere = next((use for use in uses if worker not in use.runners), None)
        if elsewhere is not None:
            return MadeInWorker(made, worker, elsewhere, elsewhere)
        entry = all(self._is_at_entry(activation, worker) for activation, _ in places)
        if not entry or not uses or self._starts_something(worker):
            return None
        verbs = {use.does for use in uses}
        puts_only = made.kind.role == "queue" and "put" in verbs and "get" not in verbs
        locks = made.kind.role == "lock" and "acquire" in verbs and self.is_many(worker)
        never_set = made.kind.role == "event" and verbs <= {"wait", "look"}
        if made.part and "put" in verbs:  # of a pipe: a client's other end is elsewhere
            other = other_end(program.solver, made)
            puts_only = not (program.on.get(other) or other in program.solver.escapes)
            puts_only = puts_only and other not in self._handed_on
        if puts_only or locks or never_set:
            return MadeInWorker(made, worker, uses[0], None)
        return None

    def _is_at_entry(self, activation: Activation, worker: Worker) -> bool:
        """Whether a function is where a worker begins, or what only that calls: a factory."""
        if activation in worker.entries:
            return True
        callers = {edge.caller for edge in self.program.callers[activation]}
        factory = not self.program.is_method(activation)
        return factory and bool(callers) and callers <= set(worker.entries)

    def is_many(self, worker: Worker) -> bool:
        """Whether there are several processes of a worker."""
        if worker.in_pool:
            return True
        program = self.program
        return any(program.outline(edge.caller).loops(edge.at) for edge in worker.edges)

    def _starts_something(self, worker: Worker) -> bool:
        """Whether a worker starts threads or processes of its own, which may share with it."""
        return any(
            worker in self.program.runners(edge.caller)
            for other in self.program.workers
            for edge in other.edges
        )

    @cached_property
    def _handed_on(self) -> set[Value]:
        """The objects that are sent, returned by a worker or given to one."""
        program = self.program
        cells = program.solver.cells
        entries = {entry for worker in program.workers for entry in worker.entries}
        todo = [
            value
            for (owner, name), values in cells.items()
            if name == "item" or (name == RETURNED and owner in entries)
            for value in values
            if value is not owner
        ]
        todo += [
            value
            for worker in program.workers
            for edge in worker.edges
            for _, values in edge.given
            for value in values
        ]
        return program.with_contents(todo)

    # Thread objects -----------------------------------------------------------------------------

    def thread_objects_given(
        self, worker: Worker, activation: Activation, at: int
    ) -> Iterator[ThreadObject]:
        """The thread objects among the arguments that a call gives to a process."""
        if worker.kind.family != "process" or worker.how not in ("target", "run"):
            return
        call = self.program.outline(activation).expressions.get(at)
        if not isinstance(call, f.Call):
            return
        for item in self._given(call, activation):
            values = self.program.values(item, activation)
            kinds = [value for value in values if isinstance(value, Made)]
            if len(kinds) == len(values) == 1:
                (made,) = kinds
                if made.kind.family in ("thread", "asyncio") and made.kind.role in _THREAD_ROLES:
                    yield ThreadObject(made, worker, Site(activation.path, item.at))

    def _given(self, call: f.Call, activation: Activation) -> Iterator[f.Expr]:
        """The expressions that become arguments of the target."""
        for argument in call.arguments:
            value = argument.value
            if argument.keyword in ("args", "kwargs") or isinstance(
                value, (f.Display, f.DictDisplay)
            ):
                if isinstance(value, f.Display):
                    yield from value.items
                elif isinstance(value, f.DictDisplay):
                    yield from (item for _, item in value.items)
            elif argument.keyword not in ("target", "name", "daemon"):
                yield value

    def thread_global(self, made: Made) -> ThreadObject | None:
        """A module's thread queue that one process fills and another empties, or its thread lock by
        which several processes take turns at changing what they share."""
        if made.kind.family != "thread" or made in self.program.solver.escapes:
            return None
        if not all(_is_of_module(home) for home, _ in self.program.made.get(made, ())):
            return None
        if any(_is_parameter(cell) for cell in self.program.cells_of.get(made, ())):
            return None  # a worker may be given it, which is another mistake
        if made.kind.role == "queue":
            return self._thread_queue(made)
        return self._thread_lock(made) if made.kind.role == "lock" else None

    def _thread_lock(self, made: Made) -> ThreadObject | None:
        lost = self.program.updates.guarded_by(made)
        if lost is None:
            return None
        use = "each process changes this with a lock of its own"
        return ThreadObject(made, lost.worker, made.site, ((lost.update.site, use),))

    def _thread_queue(self, made: Made) -> ThreadObject | None:
        program = self.program
        puts = [use for use in program.on.get(made, ()) if use.does == "put" and use.sure]
        gets = [use for use in program.on.get(made, ()) if use.does == "get" and use.sure]
        for put in puts:
            for get in gets:
                if put.runners and get.runners and not put.runners & get.runners:
                    others = [use for use in (put, get) if use.runners]
                    worker = next(
                        (r for use in others for r in use.runners if not isinstance(r, str)), None
                    )
                    same = {r for use in puts for r in use.runners} & {
                        r for use in gets for r in use.runners
                    }
                    if worker is not None and not same:
                        uses = (
                            (put.site, "one process puts to its own copy here"),
                            (get.site, "another process takes from its own copy here"),
                        )
                        return ThreadObject(made, worker, made.site, uses)
        return None


def _is_parameter(cell: Cell) -> bool:
    """Whether a variable is a parameter of a function."""
    owner, name = cell
    return isinstance(owner, Activation) and any(p.name == name for p in owner.scope.parameters)


def _is_of_module(home: Activation) -> bool:
    """Whether code runs once in each process that imports its module."""
    if home.scope.kind == "class" and home.outer is not None:
        return _is_of_module(home.outer)
    return home.scope.kind == "module"


_SHARED = frozenset({"queue", "connection", "lock", "event", "condition", "barrier", "value"})
_THREAD_ROLES = frozenset({"queue", "lock", "event", "condition", "barrier"})
