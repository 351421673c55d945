"""Variables that hold a queue or a pool for processes on one arm of a branch, and on the others
something that acts as one in this process: a class of the program that runs everything at once."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.values import Activation, Instance, Literal, Made, Values

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program


class Arms(Struct, frozen=True):
    """What a variable holds on each arm of the one branch that sets it."""

    branch: f.Branch | f.Conditional
    values: tuple[Values, ...]


class Arm(Struct, frozen=True):
    """One arm of a branch, by its number."""

    branch: f.Branch | f.Conditional
    index: int


class StandIns:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._told_apart: dict[tuple[Activation, str, int], bool] = {}

    def arm(self, operation: Operation) -> Arm | None:
        """The only arm of a branch on which the receiver of an operation is its own object, and
        nothing else; on the others it is something that is known and not for processes. None where
        that is not so."""
        receiver = operation.receiver_expression
        if not isinstance(receiver, f.Name) or operation.kind.role not in _ROLES:
            return None
        arms = self._arms(receiver.id, operation.activation)
        if arms is None or self._is_told_apart(receiver.id, arms, operation.activation):
            return None
        own = [index for index, values in enumerate(arms.values) if operation.receiver in values]
        if not own or not self.program.is_one(arms.values[own[0]]):
            return None
        others = [v for i, v in enumerate(arms.values) if i != own[0]]
        if not all(self._stands_in(values) for values in others):
            return None
        return Arm(arms.branch, own[0])

    def is_taken(self, operation: Operation) -> bool:
        """Whether the arm on which the receiver of an operation is its own object is certainly the
        one that is taken."""
        arm, activation = self.arm(operation), operation.activation
        if arm is None:
            return False
        tests = list(_tests(arm.branch))
        if any(self._truth(test, activation) is not False for test in tests[: arm.index]):
            return False
        return arm.index == len(tests) or self._truth(tests[arm.index], activation) is True

    def _truth(self, test: f.Expr, activation: Activation) -> bool | None:
        """Whether a test holds, where it is of constants."""
        match test:
            case f.Unary(operator="not", operand=operand):
                answer = self._truth(operand, activation)
                return None if answer is None else not answer
            case f.Comparison(left=left, rest=((sign, right),)) if sign in _COMPARE:
                one, other = (self._number(each, activation) for each in (left, right))
                if one is None or other is None:
                    return None
                return _COMPARE[sign](one, other)
        return self.program.truth(test, activation)

    def _number(self, expression: f.Expr, activation: Activation) -> float | None:
        """The number that an expression is."""
        values = list(self.program.values(expression, activation))
        if len(values) == 1 and isinstance(values[0], Literal):
            number = values[0].value
            return number if type(number) in (int, float) else None
        return None

    def _is_told_apart(self, name: str, arms: Arms, activation: Activation) -> bool:
        """Whether a function asks again which arm was taken, and may do other things on each."""
        key = (activation, name, arms.branch.at)
        if key not in self._told_apart:
            self._told_apart[key] = self._asks_again(name, arms, activation)
        return self._told_apart[key]

    def _asks_again(self, name: str, arms: Arms, activation: Activation) -> bool:
        outline = self.program.outline(activation)
        asked = {name, *(each for test in _tests(arms.branch) for each in _names(test))}
        for node in (*outline.steps.values(), *outline.expressions.values()):
            if node is not arms.branch and any(asked & set(_names(test)) for test in _tests(node)):
                return True
        return False

    def _stands_in(self, values: Values) -> bool:
        """Whether some values are known, and none of them is for processes."""
        for value in self.program.objects(values):
            kind = self.program.solver.kind_of(value)
            if kind is not None and kind.family in ("process", "manager"):
                return False
            if not isinstance(value, (Made, Instance)):
                return False
        return True

    def _arms(self, name: str, activation: Activation) -> Arms | None:
        """What each arm of a branch sets a variable of a function to, which nothing else sets."""
        scope, outline = activation.scope, self.program.outline(activation)
        if name not in scope.bound or any(p.name == name for p in scope.parameters):
            return None
        found: dict[int, Values] = {}
        branch: f.Branch | None = None
        bindings = outline.bindings.get(name, ())
        if len(bindings) == 1 and isinstance(bindings[0].value, f.Conditional):
            choice = bindings[0].value
            both = (choice.then, choice.otherwise)
            return Arms(choice, tuple(self.program.values(each, activation) for each in both))
        for binding in bindings:
            step = outline.step_of(binding.at)
            frame = next(outline.around(step.at), None) if step is not None else None
            if binding.value is None or not binding.whole or frame is None:
                return None
            if not isinstance(frame.node, f.Branch) or frame.node is not (branch or frame.node):
                return None
            branch = frame.node
            index = frame.index if frame.part == "body" else len(branch.arms)
            if index in found:
                return None
            found[index] = self.program.values(binding.value, activation)
        if branch is None or len(found) != len(branch.arms) + 1:
            return None
        return Arms(branch, tuple(found[index] for index in sorted(found)))

    def is_reached(self, activation: Activation, arm: Arm) -> bool:
        """Whether the main process can run a function, where an arm of a branch has been taken."""
        solver = self.program.solver
        targets = {*solver.modules.values(), *solver.from_outside}
        seen: set[Activation] = set()
        todo = [activation]
        while todo:
            reached = todo.pop()
            if reached in targets:
                return True
            if reached in seen:
                continue
            seen.add(reached)
            for edge in self.program.callers.get(reached, ()):
                apart = self._is_apart(arm, edge.caller, edge.at, reached)
                if edge.launch is None and not apart:
                    todo.append(edge.caller)
        return False

    def _is_apart(self, arm: Arm, home: Activation, at: int, callee: Activation) -> bool:
        """Whether a call is one of a method of what stands in on another arm than this one: `run()`
        of `pool.run()`, where `pool` is a real one on this arm."""
        call = self.program.outline(home).expressions.get(at)
        match call:
            case f.Call(function=f.Attribute(value=f.Name(id=name), name=method)):
                arms = self._arms(name, home)
                if arms is None or arms.branch is not arm.branch:
                    return False
                here = self.program.objects(arms.values[arm.index])
                followed = all(isinstance(value, Made) for value in here)
                return bool(here) and followed and callee.scope.name == method
        return False


_ROLES = frozenset({"queue", "pool", "executor"})

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


def _tests(node: f.Step | f.Expr) -> Iterator[f.Expr]:
    """What a step or an expression decides by."""
    match node:
        case f.Branch(arms=arms):
            yield from (test for test, _ in arms)
        case f.While(test=test) | f.Assert(test=test) | f.Conditional(test=test):
            yield test
        case f.Match(subject=subject):
            yield subject
        case f.Boolean(operands=operands):
            yield from operands


def _names(expression: f.Expr) -> Iterator[str]:
    """The variables and attributes in an expression."""
    for part in f.within(expression):
        if isinstance(part, f.Name):
            yield part.id
        elif isinstance(part, f.Attribute):
            yield f".{part.name}"
