"""Which start method is set where, and what belongs to which."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint import catalog
from mplint.diagnostics import START_METHODS
from mplint.model import facts as f
from mplint.model.starting.precedence import comes_before
from mplint.model.starting.startmethods import (
    DEFAULT,
    GET_CONTEXT,
    SET_START_METHOD,
    Setting,
    belongs_to,
    function_of,
    given_for,
)
from mplint.model.values import (
    NOTHING,
    Activation,
    Instance,
    Literal,
    Made,
    Named,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program
    from mplint.model.solving.calls import Edge


class Mixed(Struct, frozen=True):
    """An object of the fork context that is given to processes of another one. `given` is the
    parameter that gets it; it goes wrong under `start_methods`."""

    made: Made
    given: str
    start_methods: tuple[str, ...]
    holder: str  # the start method of the processes, in words
    owner: str  # that of the object


class Contexts:
    """The questions about start methods, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._forced: dict[Activation, list[int]] = {}

    @cached_property
    def setting(self) -> Setting:
        """Whether the start method can still be set."""
        return Setting(self.program)

    def method_named(self, activation: Activation, at: int) -> str | None:
        """The start method that a call names by a constant: `set_start_method("fork")`,
        `get_context("fork")`, `ForkContext()`."""
        call = self.program.outline(activation).expressions.get(at)
        if not isinstance(call, f.Call):
            return None
        for value in self.program.values(call.function, activation):
            maker = catalog.find(value.path) if isinstance(value, Named) else None
            if isinstance(maker, catalog.Maker) and maker.kind.role in ("context", "process"):
                return maker.start_method or None
        if function_of(self.program, call, activation) not in (SET_START_METHOD, GET_CONTEXT):
            return None
        given = given_for(call, 0, "method")
        values = self.program.values(given, activation) if given is not None else NOTHING
        constants = [value.value for value in values if isinstance(value, Literal)]
        if len(constants) == len(values) == 1 and isinstance(constants[0], str):
            return constants[0]
        return None

    def pinned_to_fork(self, activation: Activation, at: int) -> Operation | None:
        """For a call that pins the start method to fork: what starts a thread of this program that
        may run while it forks, and of which a forked child has no copy."""
        if self.method_named(activation, at) != "fork":
            return None
        return self.program.forking.thread_beside_forks(activation.path)

    def misspelt(self, activation: Activation, at: int) -> str | None:
        """For a call that names a start method: the right name, where there is none such."""
        name = self.method_named(activation, at)
        if name is None or name in START_METHODS:
            return None
        plain = "".join(letter for letter in name.lower() if letter.isalpha())
        close = difflib.get_close_matches(plain, START_METHODS, 1, 0.75)
        return close[0] if close else None

    # Objects of one context in processes of another ---------------------------------------------

    def mixed(self, activation: Activation, at: int) -> Mixed | None:
        """For a call that makes a process, pool or executor: an object of the fork context among
        what its processes are given, where they are not forked."""
        for worker in self.program.launches_at.get((activation, at), ()):
            holder = worker.holder
            if worker.kind.family != "process" or worker.how == "task":
                continue
            theirs = belongs_to(self.program, holder)
            for edge in worker.edges:
                if edge.caller is activation and edge.at == at:
                    for name, values in self._handed_over(edge, holder):
                        found = self._mixture(values, holder, theirs, name)
                        found = found or self._made_before_set(values, theirs, edge, name)
                        if found is not None:
                            return found
        return None

    def _made_before_set(
        self, values: Values, theirs: frozenset[str], edge: Edge, name: str
    ) -> Mixed | None:
        """An object that was made before the start method was changed by force, for a process that
        is made after that."""
        objects = [value for value in values if isinstance(value, Made)]
        if len(objects) != len(values) or len(objects) != 1 or theirs != {DEFAULT}:
            return None
        (value,) = objects
        program, activation = self.program, edge.caller
        if not self._has_lock(value) or belongs_to(program, value) != theirs:
            return None
        for maker, made in program.made.get(value, ()):
            for at in self._forced_in(activation) if maker is activation else ():
                if made < at < edge.at:
                    method = self.method_named(activation, at)
                    certain = comes_before(program, activation, at, edge.at)
                    if method in ("spawn", "forkserver") and certain:
                        return Mixed(value, name, START_METHODS, method, _BEFORE)
        return None

    def _forced_in(self, activation: Activation) -> list[int]:
        """Where a function sets the start method by force."""
        known = self._forced.get(activation)
        if known is None:
            places = self.program.outline(activation).expressions
            known = [at for at in places if self.setting.is_forced(activation, at)]
            self._forced[activation] = known
        return known

    def _handed_over(self, edge: Edge, holder: Value) -> Iterator[tuple[str, Values]]:
        """What a process gets: its arguments, and the attributes of its object."""
        receiver = edge.callee.scope.parameters[0].name if edge.callee.scope.parameters else ""
        for name, values in edge.given:
            if name != receiver or holder not in values:
                yield name, values
        if isinstance(holder, Instance) and not self._chooses_state(holder):
            yield from self._attributes_of.get(holder, ())

    def _chooses_state(self, holder: Instance) -> bool:
        """Whether a class says itself which attributes a process gets."""
        solver = self.program.solver
        return any(
            (ancestor, name) in solver.cells
            for ancestor in solver.ancestry(holder.cls)
            for name in ("__getstate__", "__reduce__", "__reduce_ex__")
        )

    @cached_property
    def _attributes_of(self) -> dict[Instance, list[tuple[str, Values]]]:
        found: dict[Instance, list[tuple[str, Values]]] = {}
        for (owner, name), values in self.program.solver.cells.items():
            if isinstance(owner, Instance) and isinstance(name, str):
                found.setdefault(owner, []).append((name, values))
        return found

    def _mixture(
        self, values: Values, holder: Value, theirs: frozenset[str], name: str
    ) -> Mixed | None:
        objects = [value for value in values if not _is_none(value)]
        answers = [self._clash(value, holder, theirs, name) for value in objects]
        return answers[0] if answers and all(answers) else None

    def _clash(
        self, value: Value, holder: Value, theirs: frozenset[str], name: str
    ) -> Mixed | None:
        if not isinstance(value, Made) or not self._has_lock(value):
            return None
        mine = belongs_to(self.program, value)
        if len(mine) != 1 or len(theirs) != 1 or mine == theirs:
            return None
        (own,), (other,) = mine, theirs
        if {_root(value), _root(holder)} - _SAME_LOCKS:
            return None
        if own == "fork" and other in ("spawn", "forkserver"):
            return Mixed(value, name, START_METHODS, other, "fork")
        defaults = self.program.defaults
        if own == DEFAULT and other in ("spawn", "forkserver"):
            if "fork" in (defaults.methods_in(value.site.path) or START_METHODS):
                return Mixed(value, name, ("fork",), other, "the default context, which is fork")
        if own == "fork" and other == DEFAULT:
            site = value.site if isinstance(holder, Instance) else getattr(holder, "site", None)
            possible = (site and defaults.methods_in(site.path)) or START_METHODS
            methods = tuple(method for method in possible if method != "fork")
            if methods:
                return Mixed(value, name, methods, "the default, if that is not fork", "fork")
        return None

    def _has_lock(self, value: Made) -> bool:
        """Whether an object holds a lock that belongs to a start method."""
        kind = value.kind
        if kind.family != "process" or kind.crosses != "inherit":
            return False
        if kind.name in ("RawValue", "RawArray") or kind.role == "connection":
            return False
        if kind.role == "value":  # `Value(…, lock=False)` has none, `lock=l` another one
            for activation, at in self.program.made.get(value, ()):
                call = self.program.outline(activation).expressions.get(at)
                if not isinstance(call, f.Call) or given_for(call, 1_000, "lock") is not None:
                    return False
        return kind.role in ("queue", "lock", "event", "condition", "barrier", "value")


def _root(value: Value) -> str:
    library = value.library if isinstance(value, Made) else None
    return library.root if library is not None else "multiprocessing"


def _is_none(value: Value) -> bool:
    return isinstance(value, Literal) and value.value is None


_BEFORE = "the default before it was changed, where that is fork"

_SAME_LOCKS = frozenset({"multiprocessing", "torch.multiprocessing", "loky", "joblib"})
"""Libraries that use the locks of `multiprocessing` itself."""
