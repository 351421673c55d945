"""How long an object lives in the process that made it.

`start()` drops the arguments of a process as soon as it has sent them. The system takes a lock away
with the last object in the parent that knows of it: if that happens before a child that is not
forked has got so far as to open it, the child fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from mplint.catalog import python
from mplint.model import facts as f
from mplint.model.state.globals import Place
from mplint.model.values import Activation, Container, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Worker
    from mplint.model.program import Program

_NAMED = frozenset(
    {
        "BoundedSemaphore",
        "Barrier",
        "Condition",
        "Event",
        "JoinableQueue",
        "Lock",
        "Queue",
        "RLock",
        "Semaphore",
        "SimpleQueue",
    }
)
"""What is made of semaphores, which have a name in the system while the parent keeps them."""

_QUICK = frozenset({"start", "alive", "look", "set"})
"""Operations that take no time to speak of."""

_WAITING = frozenset({"sleep", "input"})


class Dropped(Struct, frozen=True):
    """An object that a process is given, and that nothing in the parent keeps until the child has
    it: after `last`, which starts the process, the parent has lost it. `how` says by what."""

    made: Made
    worker: Worker
    last: Site
    how: Literal["inline", "returns", "rebound", "ends"]
    start_methods: tuple[str, ...]


class References:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._packed_in: dict[Activation, set[Container]] = {}
        self._kept: dict[tuple[Made, Place], bool] = {}
        self._slow: dict[tuple[Activation, int], int] = {}

    def dropped(self, made: Made) -> Dropped | None:
        """Why the parent drops an object before a child has it."""
        if not self._is_named(made):
            return None
        places = [Place(*place) for place in self.program.made.get(made, ())]
        if len(places) != 1:
            return None
        (place,) = places
        for worker in self._given_to(made):
            if worker.how != "target" or not isinstance(worker.holder, Made):
                continue
            if (worker.holder, "spawned") in self.program.solver.cells:
                continue  # the call that starts them waits for them
            for edge in worker.edges:
                if edge.caller is place.activation:
                    found = self._dropped_by(made, place, worker, edge.at)
                    if found is not None:
                        return found
        return None

    def _is_named(self, made: Made) -> bool:
        if made.kind.family != "process" or made.given or made.part:
            return False
        if made.of is not None and made.of.kind.role != "context":
            return False
        if made.kind.name in ("Value", "Array"):
            return (made, "lock") not in self.program.solver.cells and self._has_lock(made)
        return made.kind.name in _NAMED

    def _has_lock(self, made: Made) -> bool:
        """Whether a shared value is made with a lock of its own, as it is by default."""
        for activation, at in self.program.made.get(made, ()):
            call = self.program.outline(activation).expressions.get(at)
            if isinstance(call, f.Call):
                return not any(a.keyword == "lock" or a.star for a in call.arguments)
        return False

    def _given_to(self, made: Made) -> list[Worker]:
        """The processes that have an object among their arguments."""
        cells_of = self.program.cells_of
        holders = {
            holder: None
            for packed, name in cells_of.get(made, ())
            if name == "all"
            for holder, given in cells_of.get(packed, ())
            if given in ("args", "kwargs")
        }
        found = [worker for holder in holders for worker in self.program.processes_of(holder)]
        order = self._order if len(holders) > 1 else {}
        return sorted(found, key=lambda worker: order.get(worker, 0))

    @cached_property
    def _order(self) -> dict[Worker, int]:
        return {worker: index for index, worker in enumerate(self.program.processes)}

    def _dropped_by(self, made: Made, place: Place, worker: Worker, at: int) -> Dropped | None:
        """How a process that is made at `at`, in the same function, outlives what it is given."""
        methods = self.program.methods_of(worker.holder)
        starts = worker.operations("start")
        inline = self._is_inline(place, at)
        methods = tuple(method for method in methods if method != "fork")
        if not methods or not starts:
            return None
        if inline:
            return Dropped(made, worker, starts[0].site, "inline", methods)
        if len(starts) != 1 or starts[0].activation is not place.activation:
            return None
        (start,) = starts
        if start.at < place.at:
            return None
        if self._is_kept(made, place):
            return None
        how = self._lost_by(place, start, worker)
        return Dropped(made, worker, start.site, how, methods) if how is not None else None

    def _is_inline(self, place: Place, at: int) -> bool:
        """Whether an object is made among the arguments of the call that makes the process."""
        call = self.program.outline(place.activation).expressions.get(at)
        if not isinstance(call, f.Call):
            return False
        for argument in call.arguments:
            if argument.keyword == "args" and isinstance(argument.value, f.Display):
                return any(item.at == place.at for item in argument.value.items)
            if argument.keyword == "kwargs" and isinstance(argument.value, f.DictDisplay):
                return any(item.at == place.at for _, item in argument.value.items)
        return False

    # Who keeps it -------------------------------------------------------------------------------

    def _is_kept(self, made: Made, place: Place) -> bool:
        """Whether anything but variables of the function itself may keep an object, in the
        parent."""
        key = (made, place)
        if key not in self._kept:
            self._kept[key] = self._find_kept(made, place)
        return self._kept[key]

    def _find_kept(self, made: Made, place: Place) -> bool:
        solver = self.program.solver
        if made in solver.escapes:
            return True
        entries, received = self._entries, self._received
        held: list[Value] = [made]
        seen: set[Value] = set()
        packed = self._packed(place.activation)
        while held:
            value = held.pop()
            if value in seen:
                continue
            seen.add(value)
            for owner, name in self.program.cells_of.get(value, ()):
                if owner is value:
                    continue
                if isinstance(owner, Activation):
                    variable = isinstance(name, (str, tuple)) and name != "<return>"
                    if owner in entries or (owner is place.activation and variable):
                        continue
                    return True
                if isinstance(owner, Container) and owner.site in received:
                    continue
                if isinstance(owner, Container) and owner in packed:
                    held.append(owner)
                elif not (isinstance(owner, Made) and name in ("args", "kwargs")):
                    return True
        return (
            any(
                scope.parent == place.activation.scope.index and scope.index != 0
                for scope in solver.files[place.activation.path].scopes
            )
            and place.activation.scope.kind == "function"
        )

    @cached_property
    def _entries(self) -> set[Activation]:
        """The functions that run elsewhere."""
        return {entry for worker in self.program.workers for entry in worker.entries}

    @cached_property
    def _received(self) -> set[Site]:
        """The parameters of the functions that run elsewhere, among them their `*args`."""
        return {
            Site(entry.path, parameter.at)
            for entry in self._entries
            for parameter in entry.scope.parameters
        }

    def _packed(self, activation: Activation) -> set[Container]:
        """The tuples and dicts that are written as arguments of processes."""
        if activation not in self._packed_in:
            self._packed_in[activation] = set(self._find_packed(activation))
        return self._packed_in[activation]

    @cached_property
    def _launches_in(self) -> dict[Activation, list[int]]:
        found: dict[Activation, list[int]] = {}
        for caller, at in self.program.launches_at:
            found.setdefault(caller, []).append(at)
        return found

    def _find_packed(self, activation: Activation) -> Iterator[Container]:
        outline = self.program.outline(activation)
        for at in self._launches_in.get(activation, ()):
            call = outline.expressions.get(at)
            for argument in call.arguments if isinstance(call, f.Call) else ():
                if isinstance(argument.value, (f.Display, f.DictDisplay)):
                    for value in self.program.values(argument.value, activation):
                        if isinstance(value, Container):
                            yield value

    # What comes after the start -----------------------------------------------------------------

    def _lost_by(
        self, place: Place, start: Operation, worker: Worker
    ) -> Literal["returns", "rebound", "ends"] | None:
        """What takes the function's own variables away from an object, before a process that was
        just started can have opened it; None where the function waits for something first."""
        outline = self.program.outline(place.activation)
        around_start, around_made = outline.loops(start.at), outline.loops(place.at)
        if any(isinstance(frame.node, (f.With, f.Try)) for frame in outline.around(start.at)):
            return None
        if around_made:
            loop = around_made[-1]
            if not isinstance(loop.node, f.For) or around_start != around_made:
                return None
            if not self._is_variable_of(place, loop.node):
                return None
            quick = self._is_quick(place.activation, loop.node.body, -1)
            return "rebound" if quick else None
        if place.activation.scope.kind == "module":
            if worker.daemon is not False or not self._is_guarded(place):
                return None
        elif place.activation.scope.kind != "function" or place.activation.scope.is_generator:
            return None
        after = start.at
        if around_start:
            if any(isinstance(frame.node, f.While) for frame in around_start):
                return None
            after = around_start[0].node.at
        if not self._is_quick(place.activation, place.activation.scope.body, after):
            return None
        return "ends" if place.activation.scope.kind == "module" else "returns"

    def _is_guarded(self, place: Place) -> bool:
        return self.program.startup.is_guarded(place.activation, place.at)

    def _is_variable_of(self, place: Place, loop: f.For) -> bool:
        """Whether a loop binds one variable to the object, anew in each turn."""
        for step in loop.body:
            if isinstance(step, f.Bind) and step.value is not None and step.value.at == place.at:
                return len(step.targets) == 1 and isinstance(step.targets[0], f.Name)
        return False

    def is_quick_after(self, activation: Activation, at: int) -> bool:
        """Whether a function comes to its end right after a place."""
        return self._is_quick(activation, activation.scope.body, at)

    def _is_quick(self, activation: Activation, block: f.Block, after: int) -> bool:
        """Whether nothing in a block, from a place on, can take as long as a child needs to
        start."""
        key = (activation, id(block))
        if key not in self._slow:
            self._slow[key] = self._last_slow(activation, block)
        return self._slow[key] <= after

    def _last_slow(self, activation: Activation, block: f.Block) -> int:
        """The number of the last thing in a block that can take a while."""
        outline = self.program.outline(activation)
        ats, last = set(), -1
        for step in f.steps(block):
            ats.add(step.at)
            if isinstance(step, (f.While, f.With, f.Try, f.Match)):
                last = max(last, step.at)
        for at, expression in outline.expressions.items():
            if at <= last or not isinstance(expression, (f.Await, f.Yield, f.Call)):
                continue
            step_at = outline.step_of(at)
            if step_at is None or step_at.at not in ats:
                continue
            if not isinstance(expression, f.Call) or not self._is_quick_call(
                expression, activation
            ):
                last = at
        return last

    def _is_quick_call(self, call: f.Call, activation: Activation) -> bool:
        place = (activation, call.at)
        operations = self.program.operations_at.get(place, ())
        if operations:
            return all(
                operation.does in ("start", "alive", "look", "set") for operation in operations
            )
        if self.program.launches_at.get(place) or self.program.record.made.get(place):
            return True
        if self.program.callees_at.get(place):
            return False
        path = self.program.record.externals.get(place)
        if path is not None:
            if path.rpartition(".")[2] in _WAITING:
                return False
            return path in python.QUIET or path.partition(".")[0] in python.QUIET_MODULES
        function = call.function
        if isinstance(function, f.Attribute):
            owners = self.program.values(function.value, activation)
            plain = all(isinstance(owner, Container) for owner in owners)
            return bool(owners) and plain and function.name in python.QUIET_METHODS
        return isinstance(function, f.Name) and function.id in ("range", "enumerate", "zip", "len")
