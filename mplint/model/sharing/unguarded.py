"""Whether code certainly runs without a lock, and in any of several processes."""

from __future__ import annotations

from functools import cached_property
from math import inf
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.sharing.apart import keeps_others_out
from mplint.model.values import Activation, Made, Named

if TYPE_CHECKING:
    from mplint.model.outline import Around
    from mplint.model.program import Program

MAX_CALLERS = 6

_NO_LOCKS = frozenset(
    {
        "contextlib.suppress",
        "contextlib.redirect_stdout",
        "contextlib.redirect_stderr",
        "tempfile.TemporaryDirectory",
        "warnings.catch_warnings",
    }
)
"""Context managers that lock nothing."""

_HARMLESS_DECORATORS = frozenset({"staticmethod", "classmethod"})


class Unguarded:
    """Whether somebody may hold a lock at a place, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._first: dict[tuple[Activation, Made | None], float] = {}

    @cached_property
    def _entries(self) -> set[Activation]:
        return {entry for worker in self.program.processes for entry in worker.entries}

    def is_unguarded(
        self,
        activation: Activation,
        at: int,
        above: frozenset[Activation] = frozenset(),
        *,
        but: Made | None = None,
    ) -> bool:
        """Whether nobody can hold a lock (`but` for one of them) at a statement, neither its
        function nor one that calls it, and whether no test lets only one of several processes come
        there. False when that is not known."""
        if activation in above or len(above) > MAX_CALLERS:
            return False
        program, solver = self.program, self.program.solver
        if not solver.decorations.get(activation.scope, frozenset()) <= _HARMLESS_DECORATORS:
            return False
        outline = program.outline(activation)
        if any(_may_guard(program, frame, activation, but) for frame in outline.around(at)):
            return False
        if self._first_acquire(activation, but) < at:
            return False
        callers = [edge for edge in program.callers.get(activation, ()) if edge.launch is None]
        if activation in solver.from_outside and activation not in self._entries:
            return False
        return all(
            self.is_unguarded(edge.caller, edge.at, above | {activation}, but=but)
            for edge in callers
        )

    def _first_acquire(self, activation: Activation, but: Made | None) -> float:
        """The number of the first expression of a function that may take a lock."""
        key = (activation, but)
        if key not in self._first:
            expressions = self.program.outline(activation).expressions
            taking = (
                at
                for at, expression in expressions.items()
                if _may_acquire(self.program, expression, activation, but)
            )
            self._first[key] = min(taking, default=inf)
        return self._first[key]


def _may_guard(program: Program, frame: Around, activation: Activation, but: Made | None) -> bool:
    node = frame.node
    if isinstance(node, f.With):
        return not all(
            _locks_nothing(program, item, activation) or _is(program, item, activation, but)
            for item, _ in node.items
        )
    return isinstance(node, f.Match) or keeps_others_out(program, frame, activation)


def _locks_nothing(program: Program, manager: f.Expr, activation: Activation) -> bool:
    """Whether a context manager is certainly something else than a lock."""
    if isinstance(manager, f.Call):
        functions = program.values(manager.function, activation)
        if functions and all(isinstance(v, Named) and v.path in _NO_LOCKS for v in functions):
            return True
    values = program.values(manager, activation)
    return bool(values) and all(
        isinstance(value, Made) and "acquire" not in value.kind.methods for value in values
    )


def _is(program: Program, expression: f.Expr, activation: Activation, made: Made | None) -> bool:
    """Whether an expression is certainly an object."""
    return made is not None and program.values(expression, activation) == {made}


def _may_acquire(
    program: Program, expression: f.Expr, activation: Activation, but: Made | None
) -> bool:
    """Whether an expression takes a lock, or calls a function of the project that may keep one."""
    if isinstance(expression, f.Attribute) and expression.name in ("acquire", "__enter__"):
        return not _is(program, expression.value, activation, but)
    if isinstance(expression, f.Attribute) and expression.name in ("enter_context", "enter"):
        return True
    for callee in program.callees_at.get((activation, expression.at), ()):
        for inner in program.outline(callee).expressions.values():
            if isinstance(inner, f.Attribute) and inner.name in ("acquire", "enter_context"):
                return True
    return False
