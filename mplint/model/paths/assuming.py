"""Paths that agree with themselves: `if early: …` and, later, `if not early: …` are not both taken,
or both passed, in one run.

`Assuming` puts this around any machine. What a test or the assignment of a constant says of a
variable, or a test of an attribute, is kept until it is assigned anew, or the function ends.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar

from mplint.model import facts as f
from mplint.model.paths.machine import Machine, Place, States
from mplint.model.paths.raising import Error
from mplint.model.values import Activation, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

State = TypeVar("State", bound=Hashable)

Key: TypeAlias = "tuple[Hashable, ...]"
"""What a test asks, so that two tests with the same key have the same answer."""

MAX_KEYS = 4
"""Each of them can double the states of a function."""


class Assumption(NamedTuple):
    activation: Activation
    key: Key
    holds: bool


class Assumed(NamedTuple, Generic[State]):
    """A state of the inner machine, and what the path to it has found out."""

    state: State
    known: frozenset[Assumption] = frozenset()


def without(states: States) -> States:
    """The inner machine's states, with the likeliest reason for each."""
    found: States = {}
    for assumed, why in states.items():
        assert isinstance(assumed, Assumed)
        known = found.setdefault(assumed.state, why)
        if known is not None and why is not None and why.weight > known.weight:
            found[assumed.state] = why
    return found


class Assuming(Machine[Assumed[State]]):
    """A machine that takes no branch against what the same path has found out before. With
    `places`, of the tests around these only."""

    def __init__(
        self, program: Program, machine: Machine[State], places: Iterable[Place] | None = None
    ) -> None:
        self.program = program
        self.machine = machine
        self._keys: dict[f.Scope, dict[Key, set[str]]] = {}
        self._wanted: dict[f.Scope, set[Key]] | None = None
        if places is not None:
            self._wanted = {}
            for activation, at in places:
                self._wanted.setdefault(activation.scope, set()).update(
                    self._around(activation, at)
                )

    def _around(self, activation: Activation, at: int) -> Iterator[Key]:
        """What is asked by the tests around a place."""
        for frame in self.program.outline(activation).around(at):
            if isinstance(frame.node, f.Branch):
                for test, _ in frame.node.arms:
                    for holds in (True, False):
                        yield from (key for key, _ in _answers(test, holds=holds))

    def test(
        self, state: Assumed[State], test: f.Expr, activation: Activation, holds: bool
    ) -> Assumed[State] | None:
        inner = self.machine.test(state.state, test, activation, holds)
        if inner is None:
            return None
        known = set(state.known)
        for key, says in _answers(test, holds=holds):
            if key in self._repeated(activation.scope):
                if Assumption(activation, key, not says) in known:
                    return None
                known.add(Assumption(activation, key, says))
        return Assumed(inner, frozenset(known))

    def stored(
        self, state: Assumed[State], target: f.Expr, activation: Activation
    ) -> Assumed[State]:
        inner = self.machine.stored(state.state, target, activation)
        root = _root(target)
        touched = {
            key
            for key, names in self._repeated(activation.scope).items()
            if root in names and _may_change(target, key)
        }
        if not touched:
            return Assumed(inner, state.known)
        kept = {
            each
            for each in state.known
            if each.activation is not activation or each.key not in touched
        }
        bound = self.program.outline(activation).bindings.get(root or "", ())
        value = next((each.value for each in bound if each.at == target.at and each.whole), None)
        for key in touched:
            says = None
            if isinstance(value, f.Constant):
                says = _says(key, value)
            elif (
                isinstance(value, f.Call)
                and key[0] == "name"
                and self._has_waited(value, activation)
            ):
                says = True
            if says is not None:
                kept.add(Assumption(activation, key, says))
        return Assumed(inner, frozenset(kept))

    def _has_waited(self, call: f.Call, activation: Activation) -> bool:
        """Whether a call gives True whenever it returns: it has waited for a lock."""
        done = self.program.operations_at.get((activation, call.at), ())
        return bool(done) and all(
            operation.does == "acquire" and operation.blocks is True and operation.timed is False
            for operation in done
        )

    def called(self, state: Assumed[State], call: f.Call, activation: Activation) -> Assumed[State]:
        inner = self.machine.called(state.state, call, activation)
        kept = state.known
        if kept:  # the next call of a function may be with other arguments
            ended = set(self.program.callees_at.get((activation, call.at), ()))
            kept = frozenset(each for each in kept if each.activation not in ended)
        return Assumed(inner, kept)

    def _repeated(self, scope: f.Scope) -> dict[Key, set[str]]:
        """What a function asks of the same variables more than once, or after it has set them, with
        the names in it. Not of what it changes otherwise than by `x = …`."""
        if scope not in self._keys:
            asked: dict[Key, int] = {}
            changing, constant = set(_changing(scope)), set(_constant(scope))
            for step in f.steps(scope.body):
                for test in _tests(step):
                    answers = (*_answers(test, holds=True), *_answers(test, holds=False))
                    for key in dict.fromkeys(key for key, _ in answers):
                        asked[key] = asked.get(key, 0) + 1
            wanted = self._wanted.get(scope, set()) if self._wanted is not None else asked
            several = {
                key: names
                for key, times in asked.items()
                if not (names := _names(key)) & changing and (times > 1 or names & constant)
                if key in wanted
            }
            self._keys[scope] = dict(list(several.items())[:MAX_KEYS])
        return self._keys[scope]

    def concerns(self, state: Assumed[State]) -> frozenset[Place] | None:
        return None if state.known else self.machine.concerns(state.state)

    def alike(self, state: Assumed[State]) -> Assumed[State]:
        return state._replace(state=self.machine.alike(state.state))

    def elsewhere(self) -> tuple[Hashable, Machine[Any]]:
        name, machine = self.machine.elsewhere()
        return ("assuming", name), Assuming(self.program, machine)

    # The rest is the inner machine's matter -------------------------------------------------------

    def operate(self, state: Assumed[State], operation: Operation) -> Iterator[Assumed[State]]:
        return _all(self.machine.operate(state.state, operation), state)

    def unsure(self, state: Assumed[State], operation: Operation) -> Iterator[Assumed[State]]:
        return _all(self.machine.unsure(state.state, operation), state)

    def follows(self, operation: Operation) -> bool:
        return self.machine.follows(operation)

    def fail(self, state: Assumed[State], error: Error, at: Site) -> Assumed[State]:
        return Assumed(self.machine.fail(state.state, error, at), state.known)

    def leave(self, state: Assumed[State], step: f.Leave, activation: Activation) -> Assumed[State]:
        return Assumed(self.machine.leave(state.state, step, activation), state.known)

    def hidden(
        self, state: Assumed[State], activation: Activation, at: int
    ) -> Iterator[Assumed[State]]:
        return _all(self.machine.hidden(state.state, activation, at), state)

    def make(
        self, state: Assumed[State], activation: Activation, at: int
    ) -> Iterator[Assumed[State]]:
        return _all(self.machine.make(state.state, activation, at), state)

    def launch(
        self, state: Assumed[State], activation: Activation, at: int
    ) -> Iterator[Assumed[State]]:
        return _all(self.machine.launch(state.state, activation, at), state)

    def ended(self, state: Assumed[State], operation: Operation) -> Iterator[Assumed[State]]:
        return _all(self.machine.ended(state.state, operation), state)

    def repeated(self, state: Assumed[State]) -> Iterator[Assumed[State]]:
        return _all(self.machine.repeated(state.state), state)


def _all(states: Iterable[State], before: Assumed[State]) -> Iterator[Assumed[State]]:
    return (Assumed(state, before.known) for state in states)


# Tests --------------------------------------------------------------------------------------------

_OPPOSITE = {"is not": "is", "!=": "==", "not in": "in"}


def _answers(test: f.Expr, *, holds: bool) -> Iterator[tuple[Key, bool]]:
    """What is certain when a test holds, or does not: of `a and not b` that holds, both."""
    match test:
        case f.Unary(operator="not", operand=operand):
            yield from _answers(operand, holds=not holds)
        case f.Boolean(operator=operator, operands=operands):
            if holds is (operator == "and"):
                for operand in operands:
                    yield from _answers(operand, holds=holds)
        case f.Comparison(left=left, rest=((operator, right),)):
            key, other = _key(left), _key(right)
            if key is not None and other is not None:
                if operator in _OPPOSITE:
                    operator, holds = _OPPOSITE[operator], not holds
                yield (operator, key, other), holds
        case f.Name() | f.Attribute():
            key = _key(test)
            if key is not None:
                yield key, holds


def _says(key: Key, value: f.Constant) -> bool | None:
    """What a test says of a variable that was just set to a constant."""
    if key[0] == "name":
        return bool(value.value)
    if key[0] in ("is", "==") and _is_constant(key[2]):
        return key[2] == _key(value)
    return None


def _is_constant(key: Hashable) -> bool:
    return isinstance(key, tuple) and key[0] == "constant"


def _key(expression: f.Expr) -> Key | None:
    match expression:
        case f.Name(id=name):
            return ("name", name)
        case f.Attribute(value=value, name=name):
            owner = _key(value)
            return ("attribute", owner, name) if owner is not None else None
        case f.Constant(value=value):
            return ("constant", type(value).__name__, value)
    return None


def _names(key: Hashable) -> set[str]:
    """The variables in a key."""
    if not isinstance(key, tuple):
        return set()
    if key[0] == "name":
        return {key[1]}
    parts = () if key[0] == "constant" else key[1:]
    return set().union(*(_names(part) for part in parts))


def _tests(step: f.Step) -> Iterator[f.Expr]:
    match step:
        case f.Branch(arms=arms):
            yield from (test for test, _ in arms)
        case f.While(test=test) | f.Assert(test=test):
            yield test


def _constant(scope: f.Scope) -> Iterator[str]:
    """The variables that are set to constants, or to what may always be the same."""
    for step in f.steps(scope.body):
        if isinstance(step, f.Bind) and not step.operator and _may_say(step.value):
            yield from (target.id for target in step.targets if isinstance(target, f.Name))


def _may_say(value: f.Expr | None) -> bool:
    """Whether a value can be one of which a test is known: see `Assuming.stored`."""
    if isinstance(value, f.Call):
        return isinstance(value.function, f.Attribute) and value.function.name == "acquire"
    return isinstance(value, f.Constant)


def _changing(scope: f.Scope) -> Iterator[str]:
    """The variables that change by other ways than an assignment: loops, `with`, `x += 1`."""
    for step in f.steps(scope.body):
        targets: list[f.Expr] = []
        match step:
            case f.Bind(targets=changed, operator=str()) | f.Forget(targets=changed):
                targets += changed
            case f.For(target=target):
                targets.append(target)
            case f.With(items=items):
                targets += [target for _, target in items if target is not None]
            case f.Match(cases=cases):
                targets += [capture for case in cases for capture in case.captures]
            case f.Try(handlers=handlers):
                yield from (handler.name for handler in handlers if handler.name is not None)
        targets += [walrus.target for walrus in f.walruses(*f.expressions(step))]
        for target in targets:
            for leaf in f.leaves(target):
                root = _root(leaf)
                if root is not None:
                    yield root


def _may_change(target: f.Expr, key: Key) -> bool:
    """Whether an assignment may change what a test finds out. That of an attribute changes this
    attribute only, by whatever way it is come to; that of an element, whether there are any."""
    match target:
        case f.Attribute(name=name):
            return any(part[0] == "attribute" and part[2] == name for part in _parts(key))
        case f.Subscript(value=value):
            changed = _key(value)
            return changed is None or changed in _parts(key)
    return True


def _parts(key: Hashable) -> Iterator[Key]:
    """A key, and those that it is made of."""
    if isinstance(key, tuple):
        yield key
        if key[0] != "constant":
            for part in key[1:]:
                yield from _parts(part)


def _root(target: f.Expr) -> str | None:
    """The variable that an assignment is to, or to a part of."""
    while isinstance(target, (f.Attribute, f.Subscript)):
        target = target.value
    return target.id if isinstance(target, f.Name) else None
