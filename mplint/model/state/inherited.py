"""What a child gets to see of what its parent has set or opened."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.nouns import MAIN
from mplint.model.solving.intrinsics import other_end
from mplint.model.state.descriptors import Descriptors, ForkOnly
from mplint.model.state.globals import Place, Read
from mplint.model.state.handlers import Deaf, Handlers
from mplint.model.state.identity import Differing, Identity
from mplint.model.state.lost import Changes, Lost
from mplint.model.state.randomness import Randomness, SameNumbers
from mplint.model.state.resources import Inheritance, Resources
from mplint.model.state.settings import Settings, Unset
from mplint.model.state.state import State, Unseen
from mplint.model.values import Made, Site

if TYPE_CHECKING:
    from pathlib import Path

    from mplint.model.nouns import Operation, Worker
    from mplint.model.program import Program
    from mplint.model.state.globals import Globals

SHARED_ROLES = frozenset({"queue", "connection", "lock", "event", "condition", "barrier", "value"})
"""What processes are meant to have in common."""

_NAMED_ROLES = SHARED_ROLES | {"proxy"}


class ByName(Struct, frozen=True):
    """An object that a worker uses by the name of a variable, not as an argument: `read` is where.
    `elsewhere` is a use of it in another process; None where only processes of the worker use it.
    `anew` says that every child makes one of its own; else it finds no such name, or what the
    import has put there."""

    made: Made
    worker: Worker
    read: Read
    elsewhere: Site | None
    anew: bool
    start_methods: tuple[str, ...]

    @property
    def name(self) -> str:
        return describe(self.read.expression)


class Inherited:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @property
    def _globals(self) -> Globals:
        return self.program.globals

    # State --------------------------------------------------------------------------------------

    @cached_property
    def _state(self) -> State:
        return State(self.program)

    def unseen_in_child(self, path: Path) -> list[Unseen]:
        """What children read in a file and only the parent has set."""
        return self._state.unseen_in_child(path)

    @cached_property
    def _changes(self) -> Changes:
        return Changes(self.program)

    def lost_changes(self, path: Path) -> list[Lost]:
        """What children change in a file for themselves, while the parent waits for it."""
        return self._changes.lost(path)

    @cached_property
    def _settings(self) -> Settings:
        return Settings(self.program)

    def unset_in_child(self, path: Path) -> list[Unset]:
        """The settings that the parent makes in a file for itself, and its children lack."""
        return self._settings.unset_in_child(path)

    @cached_property
    def _randomness(self) -> Randomness:
        return Randomness(self.program)

    def same_numbers(self, path: Path) -> list[SameNumbers]:
        """Where a file draws random numbers that several processes have in common."""
        return self._randomness.same_numbers(path)

    @cached_property
    def _handlers(self) -> Handlers:
        return Handlers(self.program)

    def deaf(self, terminate: Operation) -> Deaf | None:
        """Why a process does not end by `terminate()`."""
        return self._handlers.deaf(terminate)

    @cached_property
    def _resources(self) -> Resources:
        return Resources(self.program)

    def open_resources(self, path: Path) -> list[Inheritance]:
        """Where children use in a file what their parent has opened."""
        return self._resources.inherited(path)

    @cached_property
    def _descriptors(self) -> Descriptors:
        return Descriptors(self.program)

    def fork_only(self, path: Path) -> list[ForkOnly]:
        """What a file makes or gives to a child that only a forked child can use."""
        return self._descriptors.fork_only(path)

    @cached_property
    def _identity(self) -> Identity:
        return Identity(self.program)

    def differing(self, path: Path) -> list[Differing]:
        """The calls of a file whose results processes do not agree on."""
        return self._identity.differing(path)

    # Objects that are shared by name ------------------------------------------------------------

    def used_by_name(self, made: Made) -> ByName | None:
        """Why an object of a module is not shared with a worker that uses it by its name."""
        kind = made.kind
        if (kind.role not in SHARED_ROLES and kind.role != "proxy") or made.given:
            return None
        if made.of is not None and made.of.kind.role not in ("context", "manager"):
            return None  # not made but asked for: `value.get_lock()`
        places = [Place(*place) for place in self.program.made.get(made, ())]
        at_import = {self._globals.is_at_import(place) for place in places}
        if len(at_import) != 1:
            return None
        anew = at_import.pop()
        if anew and kind.family != "process":
            return None  # to make a manager at import is another mistake
        if not anew and not all(self._globals.is_in_parent_only(place) for place in places):
            return None
        for read in self._named.get(made, ()):
            for worker in self._globals.workers_at(read.activation):
                found = self._by_name(made, worker, read, places, anew=anew)
                if found is not None:
                    return found
        return None

    def _by_name(
        self, made: Made, worker: Worker, read: Read, places: list[Place], *, anew: bool
    ) -> ByName | None:
        methods = self._globals.start_methods(worker)
        if not methods or self._is_set_in_child(read):
            return None
        if not anew:
            if not any(self._is_before(place, worker) for place in places):
                return None
            return ByName(made, worker, read, None, anew, methods)
        elsewhere, in_parent = self._elsewhere(made, worker)
        if elsewhere is None:
            if made.kind.role in ("queue", "connection") or not self.program.sharing.is_many(
                worker
            ):
                return None
        if not in_parent:  # children of a fork server that has imported the module share its own
            methods = tuple(method for method in methods if method == "spawn")
            if not methods:
                return None
        return ByName(made, worker, read, elsewhere, anew, methods)

    def _is_before(self, place: Place, worker: Worker) -> bool:
        """Whether the parent comes to a place and to the start of a worker, in this order."""
        return any(
            self._globals.comes_before(place, start) for start in self._globals.starts(worker)
        )

    def _is_set_in_child(self, read: Read) -> bool:
        """Whether some child sets a variable itself, or what it holds, or may do so."""
        owner, _ = read.variable
        if owner.path in self._globals.hidden:
            return True
        writes = list(self._globals.writes.get(read.variable, ()))
        expression = read.expression
        while isinstance(expression, (f.Attribute, f.Subscript)):
            expression = expression.value
            for value in self.program.values(expression, read.activation):
                writes += self._globals.changes.get(value, ())
        return any(self._runs_in_child(write) for write in writes)

    def _runs_in_child(self, place: Place) -> bool:
        runners = self.program.runners(place.activation)
        return any(worker in runners for worker in self.program.processes)

    def _elsewhere(self, made: Made, worker: Worker) -> tuple[Site | None, bool]:
        """Where another process than the worker's uses an object, and whether that is the parent,
        after its imports."""
        uses = [Place(use.activation, use.at) for use in self.program.on.get(made, ())]
        uses += self._named.get(made, ())
        if made.part:
            other = other_end(self.program.solver, made)
            uses += [Place(use.activation, use.at) for use in self.program.on.get(other, ())]
        found: Site | None = None
        for use in uses:
            if self._globals.is_at_import(use):
                continue
            runners = self.program.runners(use.activation)
            if MAIN in runners and worker not in runners:
                return use.site, True
            if found is None and any(
                other is not worker for other in runners if not isinstance(other, str)
            ):
                found = use.site
        return found, False

    @cached_property
    def _named(self) -> dict[Made, list[Read]]:
        """Where each object is certainly what an expression that begins with a variable of a module
        or class gives."""
        program = self.program
        found: dict[Made, list[Read]] = defaultdict(list)
        for reads in self._globals.reads.values():
            for read in reads:
                for place in self._longer(read):
                    values = program.values(place.expression, place.activation)
                    if program.is_one(values):
                        for value in values:
                            if isinstance(value, Made) and value.kind.role in SHARED_ROLES | {
                                "proxy"
                            }:
                                found[value].append(place)
        for places in found.values():
            places.sort(key=lambda place: (str(place.activation.path), place.at))
        return found

    def _longer(self, read: Read) -> list[Read]:
        """A read, and those of the attributes and elements of what it gives: `a`, `a.b`,
        `a.b[i]`."""
        outline = self.program.outline(read.activation)
        stored = self._globals.stored(read.activation)
        found = [read]
        expression = read.expression
        for frame in outline.around(read.at):
            node = frame.node
            if not isinstance(node, (f.Attribute, f.Subscript)) or node.value is not expression:
                break
            if node.at in stored or any(self._globals.variables(node, read.activation)):
                break  # this is set, or is a variable with places of its own
            expression = node
            found.append(Read(read.activation, node.at, node, read.variable))
        return found
