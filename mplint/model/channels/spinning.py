"""Whether a loop that waits for another process ever pauses, or asks as fast as it can."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine
from mplint.model.paths.raising import Error
from mplint.model.values import Made, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program
    from mplint.model.values import Activation

IDLE, ASKED, BUSY, WAITED = "idle", "asked", "busy", "waited"
"""What a turn has done so far: nothing at all; asked another process for something that is not
there; something that may be work; waited."""

HARMLESS = frozenset(
    {
        *["abs", "all", "any", "bool", "enumerate", "float", "getattr", "hasattr", "int"],
        *["isinstance", "len", "list", "max", "min", "range", "str", "sum", "tuple", "zip"],
    }
)
"""Functions that only look at what they are given."""

WAITS = frozenset(
    {
        *["accept", "acquire", "input", "kqueue", "next", "pause", "process_events", "read"],
        *["readline", "recv", "recvfrom", "result", "run_until_complete", "select", "sigwait"],
        *["sleep", "tick", "usleep", "wait", "waitKey", "waitpid", "wait_for", "yield_"],
    }
)
"""Names of functions, anybody's, that wait, or may."""

NEWS = {
    "is_set": True,
    "poll": True,
    "ready": True,
    "done": True,
    "qsize": True,
    "empty": False,
    "full": False,
    "is_alive": False,
}
"""What each question is answered when what one waits for has come."""


_COUNTS = {"== 0": True, "< 1": True, "<= 0": True, "> 0": False, "!= 0": False, ">= 1": False}
"""Whether `qsize() == 0` and the like are true of an empty queue."""


class Spin(Struct, frozen=True):
    """What a loop asks over and over: the question as it is written, what is asked, and where that
    is made. `lives` tells that a process is asked, which ends some time."""

    text: str
    made: Site | None
    lives: bool


class _Turn(Machine[str]):
    """One turn of a loop, as long as nothing comes: what has come takes another way."""

    skips_loops = True

    def __init__(self, program: Program, home: Activation) -> None:
        self.program = program
        self.home = home
        self.asked: list[Spin] = []

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if _is_question(operation):
            return (self._ask(state, operation),)
        if operation.method.waits and operation.blocks is not False:
            return (WAITED,)
        if operation.does == "get":
            return ()  # there is something
        if operation.does == "poll":
            return (WAITED,)
        if operation.does == "look":
            return (state,)
        return (_worse(state, BUSY),)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        if _is_question(operation) and self._always_crosses(operation):
            return (self._ask(state, operation),)
        if operation.method.waits or operation.does == "poll":
            return (WAITED,)
        return (state if operation.does in ("look", "alive") else _worse(state, BUSY),)

    def _ask(self, state: str, operation: Operation) -> str:
        crosses = operation.crosses or self._always_crosses(operation)
        if crosses or operation.kind.role in ("process", "result"):
            made = operation.receiver.site if isinstance(operation.receiver, Made) else None
            self.asked.append(Spin(operation.text, made, operation.kind.role == "process"))
            return _worse(state, ASKED)
        return state

    def _always_crosses(self, operation: Operation) -> bool:
        """Whether a receiver may be several objects, all of them for processes."""
        receiver = operation.receiver_expression
        if receiver is None:
            return False
        values = self.program.values(receiver, operation.activation)
        return bool(values) and all(
            isinstance(value, Made)
            and value.kind.family in ("process", "manager")
            and self.program.is_one(frozenset({value}))
            for value in values
        )

    def paused(self, state: str, at: int, activation: Activation) -> str:
        return WAITED if activation is self.home else state

    def fail(self, state: str, error: Error, at: Site) -> str:
        for activation in self.program.activations_at(at):
            for operation in self.program.operations_at.get((activation, at.at), ()):
                if error not in operation.gives_up_with:
                    continue
                if operation.blocks is not False or not operation.sure:
                    return WAITED  # and gave up
                if operation.does == "get":
                    return self._ask(state, operation)
        return state

    def called(self, state: str, call: f.Call, activation: Activation) -> str:
        place = (activation, call.at)
        if self.program.operations_at.get(place) or self.program.callees_at.get(place):
            return state
        function = call.function
        name = function.name if isinstance(function, f.Attribute) else ""
        path = self.program.record.externals.get(place)
        if path is not None:
            name = path.rpartition(".")[2]
        elif isinstance(function, f.Name):
            name = function.id
        if name in WAITS:
            return WAITED
        return state if path in HARMLESS else _worse(state, BUSY)

    def launch(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        return (_worse(state, BUSY),)

    def make(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        return (_worse(state, BUSY),)

    def stored(self, state: str, target: f.Expr, activation: Activation) -> str:
        if activation is not self.home and isinstance(target, f.Name):
            if target.id in activation.scope.bound:
                return state  # forgotten when the function returns
        step = self.program.outline(activation).step_of(target.at)
        if isinstance(target, f.Name) and isinstance(step, f.Bind) and step.operator is None:
            if step.value is not None and self._is_asked_anew(step.value, target, activation):
                return state
        return _worse(state, BUSY)

    def _is_asked_anew(self, value: f.Expr, target: f.Name, activation: Activation) -> bool:
        """Whether a variable keeps nothing but answers of this turn: `done = event.is_set()`."""
        read = list(f.within(value))
        if any(isinstance(part, f.Name) and part.id == target.id for part in read):
            return False
        for call in (part for part in read if isinstance(part, f.Call)):
            operations = self.program.operations_at.get((activation, call.at), ())
            path = self.program.record.externals.get((activation, call.at))
            if path not in HARMLESS and not any(_is_question(o) for o in operations):
                return False
        return not isinstance(value, f.Constant)

    def repeated(self, state: str) -> Iterable[str]:
        return (WAITED,)

    def test(self, state: str, test: f.Expr, activation: Activation, holds: bool) -> str | None:
        if self._has_come(test, activation, holds):
            return None
        for read in f.within(test):
            spin = self.variable(read, activation)
            if spin is not None:
                self.asked.append(spin)
                state = _worse(state, ASKED)
        return state

    def _has_come(self, test: f.Expr, activation: Activation, holds: bool) -> bool:
        """Whether a branch is one for what has come."""
        match test:
            case f.Unary(operator="not", operand=operand):
                return self._has_come(operand, activation, not holds)
            case f.Boolean(operator=operator, operands=operands):
                if (operator == "and") is holds:
                    return any(self._has_come(part, activation, holds) for part in operands)
                return all(self._has_come(part, activation, holds) for part in operands)
            case f.Comparison(left=left, rest=((operator, f.Constant(value=other)),)):
                if isinstance(left, f.Attribute):
                    ends = left.name == "exitcode" and other is None
                    alive = (operator in ("is", "==")) is holds
                    return ends and not alive and self.variable(left, activation) is not None
                empty = _COUNTS.get(f"{operator} {other!r}")
                if empty is None or not isinstance(left, f.Call):
                    return False
                return self._has_come(left, activation, empty is not holds)
            case f.Name() | f.Attribute():
                return holds and self.program.callbacks.filled(test, activation) is not None
            case f.Call(at=at):
                found = self.program.operations_at.get((activation, at), ())
                return bool(found) and all(
                    _is_question(operation) and NEWS.get(operation.name) is holds
                    for operation in found
                )
        return False

    def variable(self, read: f.Expr, activation: Activation) -> Spin | None:
        """What a test reads of a shared value, of a process, or of a list that a callback fills."""
        if isinstance(read, (f.Name, f.Attribute)):
            filled = self.program.callbacks.filled(read, activation)
            if filled is not None:
                return Spin(describe(read), filled.site, lives=False)
        if isinstance(read, f.Attribute):
            wanted = {"value": ("value",), "raw": ("value",), "exitcode": ("process",)}
            roles = wanted.get(read.name, ())
        elif isinstance(read, f.Subscript):
            roles = ("value",)
        else:
            return None
        values = self.program.values(read.value, activation)
        if not roles or not self.program.is_one(values):
            return None
        for value in values:
            kind = self.program.solver.kind_of(value)
            if kind is not None and kind.role in roles and kind.family in ("process", "manager"):
                made = value.site if isinstance(value, Made) else None
                return Spin(describe(read), made, kind.role == "process")
        return None


class Spinning:
    """The question about loops that do not pause, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._functions: dict[Activation, tuple[bool, list[Activation]]] = {}

    def spin(self, loop: f.Step, activation: Activation) -> Spin | None:
        """For a `while`: what it asks over and over, as long as another process has not done its
        part, without anything in a turn that waits or may be work."""
        if not isinstance(loop, f.While) or activation.scope.is_async:
            return None
        if not self._asks(loop, activation):
            return None
        machine = _Turn(self.program, activation)
        states = Flow(self.program, machine).turn(loop, activation, IDLE)
        if ASKED not in states or WAITED in states or not machine.asked:
            return None
        return next((spin for spin in machine.asked if spin.made is not None), machine.asked[0])

    def _asks(self, loop: f.While, activation: Activation) -> bool:
        """Whether anything in a loop, or in what it calls, can be a question: to follow all ways
        through a loop takes far longer, and most loops ask nothing."""
        asks, called = self._looked_at((loop,), activation)
        seen, todo = {activation}, called
        while todo and not asks:
            callee = todo.pop()
            if callee not in seen:
                seen.add(callee)
                if callee not in self._functions:
                    found = self._looked_at(callee.scope.body, callee)
                    self._functions[callee] = found
                asks, further = self._functions[callee]
                todo += further
        return asks

    def _looked_at(self, block: f.Block, activation: Activation) -> tuple[bool, list[Activation]]:
        """Whether a block has a question in it, and the functions that it calls."""
        machine = _Turn(self.program, activation)
        called: list[Activation] = []
        for part in f.evaluated(block):
            place = (activation, part.at)
            operations = self.program.operations_at.get(place, ())
            if any(o.name in NEWS or o.does == "get" for o in operations):
                return True, called
            if machine.variable(part, activation) is not None:
                return True, called
            called += self.program.callees_at.get(place, ())
        return False, called


def _is_question(operation: Operation) -> bool:
    """Whether an operation asks how things stand, and waits for nothing."""
    if operation.name not in NEWS or operation.call is None:
        return False
    if operation.does == "poll":
        timeout = operation.argument("timeout")
        return timeout is None or operation.constant("timeout") == 0
    return operation.does in ("look", "alive")


def _worse(state: str, new: str) -> str:
    order = (IDLE, ASKED, BUSY, WAITED)
    return max(state, new, key=order.index)
