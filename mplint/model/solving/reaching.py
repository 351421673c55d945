"""Which of several assignments to a variable a read can see.

`p = Process(target=a); p.start(); p = Process(target=b); p.start()` starts two processes, one each.
Only variables that are assigned more than once, and only inside one function, need this.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct

from mplint.model import facts as f

MAX_ASSIGNMENTS = 100
"""A read that can see more assignments than this is taken to see them all."""

_MANY = frozenset({-2})
"""Stands for more assignments than that."""

ENTRY = -1
"""The definition that a parameter has when the function begins."""

_State: TypeAlias = "dict[str, frozenset[int]]"


class Reaching(Struct, frozen=True):
    """`names` are the variables that are told apart; `reads` maps the number of a `Name` to the
    numbers of the assignments that it can see. A read that is missing can see all of them."""

    names: frozenset[str]
    reads: dict[int, frozenset[int]]


_NONE = Reaching(frozenset(), {})


def reaching(scope: f.Scope, shared: frozenset[str]) -> Reaching:
    """The reaching definitions of a scope; `shared` names are assigned from other scopes too."""
    counts: dict[str, int] = {
        parameter.name: 1 for parameter in scope.parameters if parameter.name in scope.bound
    }
    definitions: dict[f.Step, list[tuple[str, int]]] = {}
    for step in f.steps(scope.body):
        found = list(_definitions(step))
        if found:
            definitions[step] = found
            for name, _ in found:
                counts[name] = counts.get(name, 0) + 1
    names = frozenset(
        name
        for name, count in counts.items()
        if count > 1 and name in scope.bound and name not in shared
    )
    if not names or scope.kind == "class":
        return _NONE
    walk = _Walk(names, definitions)
    state = {p.name: frozenset({ENTRY}) for p in scope.parameters if p.name in names}
    walk.block(scope.body, state)
    return Reaching(names, walk.reads)


def _definitions(step: f.Step) -> Iterator[tuple[str, int]]:
    """The names that a step itself assigns, with the number of each assignment."""
    match step:
        case f.Bind(targets=targets) | f.Forget(targets=targets):
            for target in targets:
                yield from _targets(target)
        case f.For(target=target):
            yield from _targets(target)
        case f.With(items=items):
            for _, maybe in items:
                if maybe is not None:
                    yield from _targets(maybe)
        case f.Match(cases=cases):
            for case in cases:
                for capture in case.captures:
                    yield from _targets(capture)
        case f.Try(handlers=handlers):
            for handler in handlers:
                if handler.name is not None:
                    yield handler.name, handler.at
        case f.Define(name=name, at=at):
            yield name, at
    for walrus in f.walruses(*f.expressions(step)):
        yield from _targets(walrus.target)


def _targets(target: f.Expr) -> Iterator[tuple[str, int]]:
    for leaf in f.leaves(target):
        if isinstance(leaf, f.Name):
            yield leaf.id, leaf.at


class _Walk:
    def __init__(
        self, names: frozenset[str], definitions: dict[f.Step, list[tuple[str, int]]]
    ) -> None:
        self.names = names
        self.definitions = {
            step: kept
            for step, found in definitions.items()
            if (kept := [(name, at) for name, at in found if name in names])
        }
        self.reads: dict[int, frozenset[int]] = {}

    def block(self, block: f.Block, state: _State | None) -> _State | None:
        """The state after a block; None where its end is not reached."""
        for step in block:
            if state is None:
                state = {}  # dead code: whatever it reads was never assigned
            state = self.step(step, state)
        return state

    def step(self, step: f.Step, state: _State) -> _State | None:
        match step:
            case f.Bind(targets=targets, value=value, operator=operator):
                if value is not None:
                    self.expression(value, state)
                for target in targets:
                    self.target(target, state, reads=operator is not None)
                return self.assign(step, state) if value is not None else state
            case f.Leave(value=value):
                if value is not None:
                    self.expression(value, state)
                return None
            case f.Branch(arms=arms, otherwise=otherwise):
                ends = []
                for test, then in arms:
                    self.expression(test, state)
                    state = self.walruses(test, state)
                    ends.append(self.block(then, dict(state)))
                ends.append(self.block(otherwise, dict(state)))
                return _join(ends)
            case f.Match(subject=subject, cases=cases):
                self.expression(subject, state)
                ends = [state]
                bound = self.assign(step, state)
                for case in cases:
                    if case.guard is not None:
                        self.expression(case.guard, bound)
                    ends.append(self.block(case.body, dict(bound)))
                return _join(ends)
            case f.For(source=source, target=target, body=body, otherwise=otherwise):
                self.expression(source, state)
                inside = self.assign(step, self.after_any(body, state))
                self.target(target, inside, reads=False)
                self.block(body, dict(inside))
                after = self.after_any(body, _joined(state, inside))
                return _join([self.block(otherwise, dict(after)), after])
            case f.While(test=test, body=body, otherwise=otherwise):
                inside = self.after_any(body, state)
                self.expression(test, inside)
                inside = self.walruses(test, inside)
                self.block(body, dict(inside))
                after = self.after_any(body, inside)
                return _join([self.block(otherwise, dict(after)), after])
            case f.With(items=items, body=body):
                for manager, target_or_none in items:
                    self.expression(manager, state)
                    if target_or_none is not None:
                        self.target(target_or_none, state, reads=False)
                return self.block(body, self.assign(step, state))
            case f.Try():
                return self.try_step(step, state)
            case _:
                for expression in f.expressions(step):
                    self.expression(expression, state)
                return self.assign(step, state)

    def try_step(self, step: f.Try, state: _State) -> _State | None:
        end = self.block(step.body, dict(state))
        ends = [self.block(step.otherwise, end) if step.otherwise else end]
        failed = self.after_any(step.body, state)
        for handler in step.handlers:
            if handler.type is not None:
                self.expression(handler.type, failed)
            caught = dict(failed)
            if handler.name in self.names and handler.name is not None:
                caught[handler.name] = frozenset({handler.at})
            ends.append(self.block(handler.body, caught))
        after = _join(ends)
        if not step.final:
            return after
        anything = _joined(self.after_any(step.body, state), after or {})
        for handler in step.handlers:
            anything = self.after_any(handler.body, anything)
        end = self.block(step.final, anything)
        return end if after is not None else None

    def after_any(self, block: f.Block, state: _State) -> _State:
        """The state when a block may have stopped anywhere."""
        found = dict(state)
        for step in f.steps(block):
            for name, at in self.definitions.get(step, ()):
                found[name] = _both(found.get(name, frozenset()), frozenset({at}))
        return found

    def assign(self, step: f.Step, state: _State) -> _State:
        definitions = self.definitions.get(step)
        if not definitions:
            return state
        state = dict(state)
        for name, at in definitions:
            state[name] = frozenset({at})
        return state

    def walruses(self, expression: f.Expr, state: _State) -> _State:
        assigned = (walrus.target for walrus in f.walruses(expression))
        found = [
            (name, at) for target in assigned for name, at in _targets(target) if name in self.names
        ]
        if not found:
            return state
        return {**state, **{name: frozenset({at}) for name, at in found}}

    def target(self, target: f.Expr, state: _State, *, reads: bool) -> None:
        match target:
            case f.Name():
                if reads:
                    self.expression(target, state)
            case f.Display(items=items):
                for item in items:
                    self.target(item, state, reads=reads)
            case f.Star(value=value):
                self.target(value, state, reads=reads)
            case _:
                self.expression(target, state)

    def expression(self, expression: f.Expr, state: _State) -> None:
        if isinstance(expression, f.Name):
            if expression.id in self.names:
                seen = state.get(expression.id, frozenset())
                if seen is not _MANY:
                    self.reads[expression.at] = seen
            return
        if isinstance(expression, f.Walrus):
            self.expression(expression.value, state)
            return
        for part in f.parts(expression):
            self.expression(part, state)
        if isinstance(expression, f.Comprehension):
            for clause in expression.clauses:
                self.target(clause.target, state, reads=False)


def _join(states: list[_State | None]) -> _State | None:
    reached = [state for state in states if state is not None]
    if not reached:
        return None
    found = reached[0]
    for state in reached[1:]:
        found = _joined(found, state)
    return found


def _both(one: frozenset[int], other: frozenset[int]) -> frozenset[int]:
    if one is other or other is _MANY:
        return other
    if one is _MANY:
        return one
    both = one | other
    return both if len(both) <= MAX_ASSIGNMENTS else _MANY


def _joined(one: _State, other: _State) -> _State:
    if one is other:
        return one
    return {
        name: _both(one.get(name, frozenset()), other.get(name, frozenset()))
        for name in {*one, *other}
    }
