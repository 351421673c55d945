"""What becomes of a pool: made, used, closed, left."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mplint.catalog import python
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.paths.machine import Machine, Place
from mplint.model.paths.passing import Passing
from mplint.model.paths.raising import catches
from mplint.model.values import DATA, Activation, Bound, Container, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

MAX_DEPTH = 3
"""Calls inside calls, where we look for something that waits."""

MAX_CALLERS = 4
"""Callers of callers, on the way to the end of the program."""


class Killed(Struct, frozen=True):
    """A task of a pool that is ended before anybody has waited for it: by the end of a `with`, or
    of the program."""

    task: Operation
    by: Site
    closed: Site | None
    leaves_with: bool

    @property
    def why(self) -> str:
        """What ends it, in words."""
        if self.leaves_with:
            return "the end of the `with` terminates the pool"
        return "the program ends, and the processes of a pool end with it"

    @property
    def note(self) -> str:
        return "the pool is terminated here" if self.leaves_with else "the pool is made here"


class Late(Struct, frozen=True):
    """A result that is read when its pool has ended: the task, and where the result is read or
    returned."""

    task: Operation
    at: Site
    returned: bool


class WrongState(Struct, frozen=True):
    """Something that a pool cannot do any more, or not yet."""

    operation: Operation
    before: Site
    error: str
    why: str
    cure: str


class _Noise:
    """Where a function, or a block of it, waits for something. It is looked for from the end, only
    as far as needed, and each place is looked at once: there can be thousands of tasks in it."""

    def __init__(self, pools: Pools, activation: Activation, block: f.With | None) -> None:
        self._outline = outline = pools.program.outline(activation)

        def is_inside(at: int) -> bool:
            return block is None or block in [frame.node for frame in outline.around(at)]

        def is_loud(at: int) -> bool:
            expression = outline.expressions[at]
            if isinstance(expression, f.Call):
                return is_inside(at) and not pools.is_quiet(expression, activation, 0)
            return isinstance(expression, (f.Await, f.Yield)) and is_inside(at)

        self._loop = max(
            (
                step.at
                for step in outline.steps.values()
                if isinstance(step, f.While) and is_inside(step.at)
            ),
            default=-1,
        )
        self._found: list[int] = []  # the last first
        self._rest = (at for at in sorted(outline.expressions, reverse=True) if is_loud(at))

    def comes_after(self, at: int) -> bool:
        """Whether something is waited for after an expression, which may itself be a call with
        arguments."""
        if self._loop > at:
            return True
        for place in self._places():
            if place <= at:
                return False
            if all(frame.node.at != at for frame in self._outline.around(place)):
                return True
        return False

    def _places(self) -> Iterator[int]:
        yield from self._found
        for place in self._rest:
            self._found.append(place)
            yield place


class Pools:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._noise: dict[tuple[Activation, f.With | None], _Noise] = {}

    # Tasks that nobody waits for ------------------------------------------------------------------

    def killed(self, task: Operation) -> Killed | None:
        """For a task of a process pool that is handed over without waiting: that the pool ends
        before anybody has waited for it, for certain."""
        if task.does != "call-later" or task.kind.role != "pool" or not task.crosses:
            return None
        call, results = task.call, self.program.results
        if call is None or results.fate(task.activation, call) != "dropped":
            return None
        block = self.with_around(task)
        if block is not None:
            if not self.is_quiet_after(task.activation, task.at, block):
                return None
            return Killed(task, Site(task.activation.path, block.at), None, True)
        return self._ended_by_program(task)

    def _ended_by_program(self, task: Operation) -> Killed | None:
        receiver = task.receiver
        if not isinstance(receiver, Made) or receiver in self.program.solver.escapes:
            return None
        if not self.program.verbs[receiver].isdisjoint(("join", "kill")):
            return None
        if not self.is_quiet_to_the_end(task.activation, task.at):
            return None
        closes = [o.site for o in self.program.on.get(receiver, ()) if o.does == "close"]
        return Killed(task, receiver.site, closes[0] if closes else None, False)

    def with_around(self, task: Operation) -> f.With | None:
        """The innermost `with` around a task whose end terminates its pool."""
        for frame in self.program.outline(task.activation).around(task.at):
            if isinstance(frame.node, f.With) and frame.part == "body":
                ends = self.program.operations_at.get((task.activation, frame.node.at), ())
                if any(end.does == "kill" and end.receiver is task.receiver for end in ends):
                    return frame.node
        return None

    # Does anything wait? --------------------------------------------------------------------------

    def is_quiet_to_the_end(self, activation: Activation, at: int) -> bool:
        """Whether nothing is waited for between an expression and the end of the program, of which
        all must be in sight."""
        for _ in range(MAX_CALLERS):
            if not self.is_quiet_after(activation, at):
                return False
            if activation.scope.kind == "module":
                return self.program.startup.is_in_main(activation, at)
            edges = {(edge.caller, edge.at): edge for edge in self.program.callers[activation]}
            if len(edges) != 1 or activation in self.program.solver.from_outside:
                return False
            (edge,) = edges.values()
            if edge.launch is not None:
                return False
            activation, at = edge.caller, edge.at
        return False

    def is_quiet_after(self, activation: Activation, at: int, block: f.With | None = None) -> bool:
        """Whether what follows an expression in its function, or in a block of it, certainly waits
        for nothing. What comes before it in a loop has been waited for in vain."""
        key = (activation, block)
        noise = self._noise.get(key)
        if noise is None:
            noise = self._noise[key] = _Noise(self, activation, block)
        return not noise.comes_after(at)

    def is_quiet(self, call: f.Call, activation: Activation, depth: int) -> bool:
        """Whether a call certainly waits for nothing and nobody."""
        place = (activation, call.at)
        operations = self.program.operations_at.get(place, ())
        if any(operation.method.waits for operation in operations):
            return False
        callees = self.program.callees_at.get(place, ())
        if callees and depth >= MAX_DEPTH:
            return False
        for callee in callees:
            for inner in self.program.outline(callee).expressions.values():
                if isinstance(inner, (f.Await, f.Yield)):
                    return False
                if isinstance(inner, f.Call) and not self.is_quiet(inner, callee, depth + 1):
                    return False
        if operations or callees:
            return True
        made = self.program.record.made.get(place)
        if made:
            slow = ("pool", "executor", "process", "manager", "file")
            return all(isinstance(v, Made) and v.kind.role not in slow for v in made)
        path = self.program.record.externals.get(place)
        if path is not None:
            quiet = path in python.QUIET or path.partition(".")[0] in python.QUIET_MODULES
            return quiet and path not in _TAKES_TIME
        functions = self.program.values(call.function, activation)
        return bool(functions) and all(_is_quick(function) for function in functions)

    # Results that are read too late ---------------------------------------------------------------

    def late(self, task: Operation) -> Late | None:
        """For a task handed over in the `with` of its pool: that its result is read only when the
        pool has been terminated."""
        if task.does != "call-later" or task.kind.role != "pool" or not task.crosses:
            return None
        block = self.with_around(task)
        if block is None or not self.is_quiet_after(task.activation, task.at, block):
            return None
        activation = task.activation
        at = self._returned(task, block)
        if at is not None:
            return Late(task, Site(activation.path, at), True)
        made = self.program.results.results_of(task)
        outline = self.program.outline(activation)
        reads = [
            operation.at
            for result in made
            for operation in self.program.on.get(result, ())
            if operation.activation is activation
            and operation.does == "result"
            and operation.waits_for_ever
            and operation.sure
        ]
        reads += self._iterations(task, activation)
        for at in sorted(reads):
            around = [frame.node for frame in outline.around(at)]
            if at > task.at and block not in around:
                return Late(task, Site(activation.path, at), False)
        return None

    def _returned(self, task: Operation, block: f.With) -> int | None:
        """Where the result of a task is returned out of a `with`, as it is."""
        outline = self.program.outline(task.activation)
        if task.activation.scope.is_generator:
            return None
        made = frozenset(self.program.results.results_of(task))
        for step in outline.steps.values():
            if not (isinstance(step, f.Leave) and step.kind == "return" and step.value is not None):
                continue
            if block in [frame.node for frame in outline.around(step.at)]:
                if made and task.values(step.value) <= made:
                    return step.value.at
        return None

    def _iterations(self, task: Operation, activation: Activation) -> Iterator[int]:
        """Where a function goes through the iterator that `imap` gives."""
        made = frozenset(
            m for m in self.program.results.results_of(task) if m.kind.name == "IMapIterator"
        )
        if not made:
            return
        for expression in self.program.outline(activation).expressions.values():
            sources: list[f.Expr] = []
            if isinstance(expression, f.Comprehension):
                sources = [clause.source for clause in expression.clauses]
            elif isinstance(expression, f.Call) and isinstance(expression.function, f.Name):
                if expression.function.id in _CONSUMERS:
                    sources = [argument.value for argument in expression.arguments]
            for source in sources:
                if task.values(source) <= made:
                    yield source.at
        for step in self.program.outline(activation).steps.values():
            if isinstance(step, f.For) and task.values(step.source) <= made:
                yield step.source.at

    # States of a pool -----------------------------------------------------------------------------

    def wrong_state(self, operation: Operation) -> WrongState | None:
        """What a pool or executor is asked to do when it is closed, or before it is."""
        if operation.kind.role not in ("pool", "executor") or not operation.crosses:
            return None
        if operation.does not in ("call", "call-later", "join"):
            return None
        states = self._states.get(operation)
        if not states or len({state for state, _ in states}) > 1:
            return None
        if self.program.results.is_expected_to_fail(operation.activation, operation.at):
            return None
        state, before = min(states, key=lambda pair: (pair[0], str(pair[1])))
        is_pool = operation.kind.role == "pool"
        error = "ValueError" if is_pool else "RuntimeError"
        if before is None or self._is_handled(operation, error):
            return None
        if operation.does == "join":
            if state != "open":
                return None
            why = "the pool still takes tasks, so its processes never end"
            return WrongState(
                operation, before, error, why, "Call `close()` first, or `terminate()`."
            )
        if state == "open":
            return None
        cure = "Hand over all tasks first, or make a new one."
        return WrongState(operation, before, error, _WHY[state], cure)

    @cached_property
    def _states(self) -> dict[Operation, set[tuple[str, Site | None]]]:
        """By operation on a pool or executor, the states in which it can be reached."""
        found: dict[Operation, set[tuple[str, Site | None]]] = {}
        for receiver, operations in self.program.on.items():
            if not isinstance(receiver, Made) or receiver.kind.role not in ("pool", "executor"):
                continue
            if receiver.kind.family != "process":
                continue
            homes = {
                o.activation: None for o in operations if o.does in _ENDINGS or o.does == "join"
            }
            for activation in homes:
                machine = _State(self.program, receiver, activation)
                Passing(self.program, machine).ends(activation, ("unknown", None))
                for operation, states in machine.seen.items():
                    found.setdefault(operation, set()).update(states)
        return found

    def _is_handled(self, operation: Operation, error: str) -> bool:
        """Whether the error is caught, and so expected."""
        outline = self.program.outline(operation.activation)
        for frame in outline.around(operation.at):
            if isinstance(frame.node, f.With) and frame.part == "body":
                for manager, _ in frame.node.items:
                    function = manager.function if isinstance(manager, f.Call) else manager
                    if describe(function).endswith("suppress"):
                        return True
            if isinstance(frame.node, f.Try) and frame.part == "body":
                for handler in frame.node.handlers:
                    if handler.type is None:
                        return True
                    types = self.program.values(handler.type, operation.activation)
                    if catches(self.program, types, error) is not False:
                        return True
        return False


def _is_quick(function: Value) -> bool:
    """Whether a value is a method of plain data, of a list or dict, or of a logger."""
    if isinstance(function, Bound):
        receiver = function.receiver
        is_logger = isinstance(receiver, Made) and receiver.kind.role == "logger"
        return is_logger or isinstance(receiver, Container)
    return function is DATA


class _OtherPool(Machine["tuple[str, Site | None]"]):
    """The state of a pool where nothing is done to it."""

    def repeated(self, state: tuple[str, Site | None]) -> Iterable[tuple[str, Site | None]]:
        return (("unknown", None),)


class _State(_OtherPool):
    """What state a pool is in: unknown, open, closed or ended, and what has brought it there."""

    def __init__(self, program: Program, pool: Made, home: Activation) -> None:
        self.pool = pool
        self.home = home
        self.seen: dict[Operation, set[tuple[str, Site | None]]] = {}
        makers = ((maker, pool.site.at) for maker in program.activations_at(pool.site))
        used = ((use.activation, use.at) for use in program.on.get(pool, ()))
        self._places = frozenset((*makers, *used))

    def concerns(self, state: tuple[str, Site | None]) -> frozenset[Place]:
        return self._places

    def alike(self, state: tuple[str, Site | None]) -> tuple[str, Site | None]:
        return state if state[0] == "unknown" else ("known", None)

    def elsewhere(self) -> tuple[Hashable, Machine[Any]]:
        return "pool", _OtherPool()

    def operate(
        self, state: tuple[str, Site | None], operation: Operation
    ) -> Iterable[tuple[str, Site | None]]:
        if operation.receiver is not self.pool:
            return (state,)
        self.seen.setdefault(operation, set()).add(state)
        after = _ENDINGS.get(operation.does)
        if after is None or state[0] == "ended":
            return (state,)
        return ((after, operation.site),)

    def make(
        self, state: tuple[str, Site | None], activation: Activation, at: int
    ) -> Iterable[tuple[str, Site | None]]:
        site = Site(activation.path, at)
        if site != self.pool.site:
            return (state,)
        # a helper may have made it before, and only give it out again
        return (("open", site) if activation is self.home else ("unknown", None),)


_ENDINGS = {"close": "closed", "kill": "ended", "shutdown": "ended"}
_WHY = {
    "closed": "it has been closed, and takes no more tasks",
    "ended": "it has been shut down",
}
_CONSUMERS = frozenset({"list", "tuple", "set", "sorted", "sum", "max", "min", "next", "dict"})
_TAKES_TIME = frozenset({"time.sleep", "input"})
