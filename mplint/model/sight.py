"""What of an object's uses is in sight: whether code that we do not know may get hold of it."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mplint.catalog.multiprocessing import (
    BARRIER,
    CONDITION,
    CONNECTION,
    EVENT,
    JOINABLE_QUEUE,
    QUEUE,
)
from mplint.model import facts as f
from mplint.model.solving.solve import RETURNED
from mplint.model.values import NOTHING, Activation, ClassRef, Instance, Made, Value

if TYPE_CHECKING:
    from mplint.model.program import Program

_VERBS = frozenset(
    {
        *QUEUE.methods,
        *JOINABLE_QUEUE.methods,
        *CONNECTION.methods,
        *EVENT.methods,
        *CONDITION.methods,
        *BARRIER.methods,
        *("append", "values", "items"),
    }
)


class Sight:
    """The questions about code out of sight, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._named_unread: dict[str, bool] = {}

    def is_named_elsewhere(self, name: str, activation: Activation) -> bool:
        """Whether another function of the file, or a class, names a variable of a function: it may
        be the same one."""
        solver = self.program.solver
        return any(
            name in solver.mentions(scope, activation.path)
            for scope in solver.files[activation.path].scopes
            if scope is not activation.scope and scope.kind != "module" and name not in scope.bound
        )

    def is_seen_whole(self, made: Made) -> bool:
        """Whether we see everything that is done to an object: no code that we do not know gets
        hold of it."""
        return (
            made not in self.program.solver.escapes
            and not made.given
            and not self.program.overrun
            and made not in self._given_out
            and not self.is_reached_unseen(made)
        )

    @cached_property
    def _given_out(self) -> set[Made]:
        """What functions return or yield that nobody in sight calls: their callers have it."""
        from mplint.model.solving.containers import generator_of

        found: set[Made] = set()
        for activation in self.program.solver.from_outside:
            returned = self.program.solver.cells.get((activation, RETURNED), NOTHING)
            if activation.scope.is_generator:
                returned |= {generator_of(self.program.solver, activation)}
            found.update(self.program.held(returned))
        return found

    def is_in_attribute(self, value: Value) -> bool:
        """Whether an object is held in an attribute: of a class that others may use as well."""
        return value in self._attributes

    def is_in_public_attribute(self, value: Value) -> bool:
        """Whether an object is held in an attribute that others may use by its name."""
        return any(not name.startswith("_") for name in self._attributes.get(value, ()))

    @cached_property
    def _attributes(self) -> dict[Value, set[str]]:
        """The attributes that hold each object, directly or in a container."""
        found: dict[Value, set[str]] = defaultdict(set)
        for (owner, name), values in self.program.solver.cells.items():
            if isinstance(owner, (Instance, ClassRef)) and isinstance(name, str):
                for value in self.program.held(values):
                    found[value].add(name)
        return found

    def is_reached_unseen(self, value: Value) -> bool:
        """Whether an object may be used through an object that we do not know: it is in an
        attribute whose name is read from such an object, and then asked to do something."""
        names = self._attributes.get(value, ())
        return any(
            self._is_used(activation, at)
            for name in names
            for activation, at in self.program.record.strangers.get(name, ())
        ) or any(self._is_named_unread(name) for name in names)

    def _is_used(self, activation: Activation, at: int) -> bool:
        frame = next(self.program.outline(activation).around(at), None)
        if frame is None:
            return False
        if isinstance(frame.node, f.Attribute):
            return frame.node.name in _VERBS
        return not isinstance(frame.node, (f.Comparison, f.Boolean, f.Binary, f.Text))

    def _is_named_unread(self, name: str) -> bool:
        """Whether a file of the project that is not read in, but some function of which is given an
        object of a class, reads an attribute of that name."""
        if name not in self._named_unread:
            pattern = re.compile(rb"\.[ \t]*%s\b" % re.escape(name.encode()))
            code = (self.program.solver.loader.code(path) for path in self._unread)
            self._named_unread[name] = any(pattern.search(found or b"") for found in code)
        return self._named_unread[name]

    @cached_property
    def _unread(self) -> list[Path]:
        """The files that are not read in, and some function of which is given an object of a class
        of the program."""
        found: dict[Path, None] = {}
        for (activation, at), functions in self.program.record.deferred.items():
            call = self.program.outline(activation).expressions.get(at)
            for argument in call.arguments if isinstance(call, f.Call) else ():
                if any(
                    isinstance(v, Instance) for v in self.program.values(argument.value, activation)
                ):
                    found.update((function.path, None) for function in functions)
        return list(found)
