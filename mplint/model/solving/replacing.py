"""Tests that put something else in the place of what a name means, for a while:
`with mock.patch("multiprocessing.Process"):`. What is called meanwhile is not what it is elsewhere,
nor does what is given to it say anything of the calls that are meant.

How long that lasts shows in a `with` or a decorator. Any other patch (`patch(...).start()`, a
`monkeypatch`) may last through all calls of its file: those of what it names, and of other files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
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
        self._begun: dict[Path, list[tuple[f.Scope, f.Call]]] = {}
        self._names_in: dict[Path, set[str | None]] = {}

    def called(self, functions: Values, call: f.Call, activation: Activation) -> Values:
        """What a call runs: code that nobody knows, where a test may have replaced what starts
        processes. Methods of objects are what they are."""
        if not any(_has_a_name(function) for function in functions):
            return functions
        if self._is_replaced(call, activation):
            return frozenset(each for each in functions if not _has_a_name(each)) | JUST_UNKNOWN
        names = self._replaced_in(activation.path)
        if names:
            kept = {each for each in functions if not _may_be(each, names, activation.path)}
            if len(kept) < len(functions):
                return frozenset(kept) | JUST_UNKNOWN
        return functions

    def _is_replaced(self, call: f.Call, activation: Activation) -> bool:
        """Whether something is replaced around a call, or all along its function."""
        scope, outer = activation.scope, activation.outer
        if scope not in self._around:
            self._around[scope] = _around(scope)
            self._above[scope] = _above(scope, outer.scope) if outer is not None else []
        return any(
            self._replaced(patch, activation) for patch in self._around[scope].get(call.at, ())
        ) or any(self._replaced(patch, outer or activation) for patch in self._above[scope])

    def _replaced_in(self, path: Path) -> set[str | None]:
        """The names that a file may have replaced at any time."""
        if path not in self._begun:
            self._begun[path] = list(_begun(self.solver.files[path].scopes))
            self._names_in[path] = set()
        names, unsolved = self._names_in[path], []
        for scope, patch in self._begun[path]:
            found = [self._replaced(patch, a) for a in self.solver.of_function.get(scope, ())]
            names.update(*(each for each in found if each is not None))
            if not found or None in found:
                unsolved.append((scope, patch))
        self._begun[path] = unsolved  # each is asked until it is known, and there are many calls
        return names

    def _replaced(self, patch: f.Call, activation: Activation) -> set[str | None] | None:
        """The names that a patch replaces, of what starts processes: None for one that nobody
        knows. None, and no names, as long as that is not solved."""
        names: list[str | None] | None = None
        match patch.function:
            case f.Attribute(value=f.Name(id="monkeypatch"), name="setattr"):
                known = patch.arguments and isinstance(patch.arguments[0].value, f.Constant)
                names = self._names(patch, 0 if known else 1, activation)
        functions = self.solver.evaluate(patch.function, activation)
        for function in functions:
            kind = _PATCHES.get(function.path) if isinstance(function, Named) else None
            if kind == ".multiple":
                names = [a.keyword for a in patch.arguments if a.keyword is not None]
            elif kind is not None:
                names = self._names(patch, 1 if kind else 0, activation)
        if names is None and functions:
            return set()  # it is called so, and is no patch
        if not names:
            return None
        return {name for name in names if name is None or _starts_processes(name)}

    def _names(self, patch: f.Call, index: int, activation: Activation) -> list[str | None]:
        """The last names of what a patch may replace; None for one that is not known."""
        if index >= len(patch.arguments):
            return [None]
        given = patch.arguments[index].value
        if _calls(given):
            return [None]
        values = self.solver.evaluate(given, activation)
        texts = [value.value if isinstance(value, Literal) else None for value in values]
        return [t.rpartition(".")[2] if isinstance(t, str) else None for t in texts]


def _starts_processes(name: str) -> bool:
    """Whether a name is that of something that starts processes or connects them, or of a library
    of these."""
    if name == "get_context" or catalog.library(name) is not None:
        return True
    return any(catalog.find(f"{root}.{name}") for root in ("multiprocessing", "concurrent.futures"))


def _has_a_name(function: Value) -> bool:
    """Whether something is called by a name that may stand for something else."""
    return isinstance(function, (FunctionRef, ClassRef, Named))


def _may_be(function: Value, names: set[str | None], path: Path) -> bool:
    """Whether something that a file calls may be one of the replaced, or may call it elsewhere."""
    if isinstance(function, (FunctionRef, ClassRef)):
        return function.path != path
    name = function.path.rpartition(".")[2] if isinstance(function, Named) else ""
    return name in names or (None in names and _starts_processes(name))


def _begun(scopes: Iterable[f.Scope]) -> Iterator[tuple[f.Scope, f.Call]]:
    """The patches of a file that no `with` and no decorator ends, with the function of each."""
    modules = {name for scope in scopes for name in _patching(scope)}
    for scope in scopes if modules else ():
        for step in f.steps(scope.body):
            ended: set[int] = set()
            if isinstance(step, f.With):
                ended = {manager.at for manager, _ in step.items}
            elif isinstance(step, f.Define):
                ended = {decorator.at for decorator in step.decorators}
            for call in _patches(f.within(*f.expressions(step))):
                root = next((p for p in f.within(call.function) if isinstance(p, f.Name)), None)
                if call.at not in ended and root is not None and root.id in modules:
                    yield scope, call


def _patching(scope: f.Scope) -> Iterator[str]:
    """The variables of a scope that are modules with patches, or one of these."""
    for step in f.steps(scope.body):
        if isinstance(step, f.Bind) and isinstance(step.value, f.Imported):
            if step.value.module.partition(".")[0] in ("mock", "unittest"):
                yield from (target.id for target in step.targets if isinstance(target, f.Name))
    yield from (p.name for p in scope.parameters if p.name == "monkeypatch")


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
            if not _calls(expression.function):
                yield expression


def _calls(expression: f.Expr) -> bool:
    """Whether something is called in an expression: to ask whether that is replaced, we would have
    to know what it is."""
    return any(isinstance(part, f.Call) for part in f.within(expression))


def _may_patch(function: f.Expr) -> bool:
    match function:
        case f.Name(id=name):
            return "patch" in name
        case f.Attribute(name=name):
            return name in ("patch", "object", "multiple", "setattr")
    return False
