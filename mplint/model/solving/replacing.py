"""Tests that put something else in the place of what a name means, for a while:
`with mock.patch("multiprocessing.Process"):`. What is called meanwhile is not what it is elsewhere,
nor does what is given to it say anything of the calls that are meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mplint import catalog
from mplint.model import facts as f
from mplint.model.values import (
    JUST_UNKNOWN,
    Activation,
    ClassRef,
    FunctionRef,
    Literal,
    Named,
)

if TYPE_CHECKING:
    from mplint.model.solving.solve import Solver
    from mplint.model.values import Value, Values

_PATCHES = {
    f"{module}.patch{kind}": kind
    for module in ("unittest.mock", "mock")
    for kind in ("", ".object", ".multiple")
}
"""What replaces, and how it is told what."""


class Replacing:
    """The calls of a program that are made while a name means something else."""

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self._around: dict[f.Scope, dict[int, list[f.Call]]] = {}
        self._above: dict[f.Scope, list[f.Call]] = {}

    def called(self, functions: Values, call: f.Call, activation: Activation) -> Values:
        """What a call runs: code that nobody knows, where a test may have replaced what starts
        processes. Methods of objects are what they are."""
        if not any(_has_a_name(function) for function in functions):
            return functions
        if not self._is_replaced(call, activation):
            return functions
        return frozenset(each for each in functions if not _has_a_name(each)) | JUST_UNKNOWN

    def _is_replaced(self, call: f.Call, activation: Activation) -> bool:
        scope, outer = activation.scope, activation.outer
        if scope not in self._around:
            self._around[scope] = _around(scope)
            self._above[scope] = _above(scope, outer.scope) if outer is not None else []
        return any(
            self._replaces(patch, activation) for patch in self._around[scope].get(call.at, ())
        ) or any(self._replaces(patch, outer or activation) for patch in self._above[scope])

    def _replaces(self, patch: f.Call, activation: Activation) -> bool:
        """Whether a patch replaces what starts processes, or nobody knows what."""
        for function in self.solver.evaluate(patch.function, activation):
            kind = _PATCHES.get(function.path) if isinstance(function, Named) else None
            if kind == ".multiple":
                return any(_starts_processes(a.keyword) for a in patch.arguments)
            if kind is not None:
                names = self._names(patch, 1 if kind else 0, activation)
                return None in names or any(map(_starts_processes, names))
        return False

    def _names(self, patch: f.Call, index: int, activation: Activation) -> list[str | None]:
        """The last names of what a patch may replace; None for one that is not known."""
        if index >= len(patch.arguments) or patch.arguments[index].star:
            return [None]
        values = self.solver.evaluate(patch.arguments[index].value, activation)
        texts = [value.value if isinstance(value, Literal) else None for value in values]
        return [t.rpartition(".")[2] if isinstance(t, str) else None for t in texts]


def _starts_processes(name: str | None) -> bool:
    """Whether a name is that of something that starts processes or connects them, or of a library
    of these."""
    if name is None or name == "get_context" or catalog.library(name) is not None:
        return name is not None
    return any(catalog.find(f"{root}.{name}") for root in ("multiprocessing", "concurrent.futures"))


def _has_a_name(function: Value) -> bool:
    """Whether something is called by a name that may stand for something else."""
    return isinstance(function, (FunctionRef, ClassRef, Named))


def _around(scope: f.Scope) -> dict[int, list[f.Call]]:
    """What may replace something around the calls of a scope, by call."""
    found: dict[int, list[f.Call]] = {}
    for step in f.steps(scope.body):
        if isinstance(step, f.With):
            patches = list(_patches(manager for manager, _ in step.items))
            for inner in f.evaluated(step.body) if patches else ():
                if isinstance(inner, f.Call):
                    found.setdefault(inner.at, []).extend(patches)
    return found


def _above(scope: f.Scope, outer: f.Scope) -> list[f.Call]:
    """What may replace something all along a function: its decorators."""
    for step in f.steps(outer.body):
        if isinstance(step, f.Define) and step.scope == scope.index:
            return list(_patches(step.decorators))
    return []


def _patches(expressions: Iterable[f.Expr]) -> Iterator[f.Call]:
    for expression in expressions:
        if isinstance(expression, f.Call) and _may_patch(expression.function):
            yield expression


def _may_patch(function: f.Expr) -> bool:
    match function:
        case f.Name(id=name):
            return "patch" in name
        case f.Attribute(name=name):
            return name in ("patch", "object", "multiple")
    return False
