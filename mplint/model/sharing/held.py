"""What certainly runs while a lock is held: the body of `with lock:`, or what stands between
`lock.acquire()` and `lock.release()`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct, field

from mplint import budget
from mplint.model import facts as f
from mplint.model.values import Activation, Bound, Container, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

MAX_CALLS = 6
"""How far we follow calls out of a region."""

MAX_HELD = 50_000
"""The expressions in all regions of one function, those in several of them counted as often: a
bound on what hundreds of locks cost that are held at the same time."""


class Region(Struct, frozen=True):
    """The expressions and statements of one function that run while it holds a lock."""

    lock: Value
    acquire: Operation
    expressions: tuple[f.Expr, ...]
    steps: tuple[int, ...]  # the numbers of the statements

    @property
    def activation(self) -> Activation:
        return self.acquire.activation


class Inside(Struct, frozen=True):
    """Something that runs while a lock is held: an expression or statement, by the calls that lead
    there, of which the first stands in the region. `certain` says that no branch on the way, in the
    functions that are called, can go around it."""

    activation: Activation
    at: int
    calls: tuple[Site, ...] = ()
    certain: bool = True


def lock_of(program: Program, value: Value) -> Value | None:
    """The lock behind a lock, a condition, or a shared value with a lock of its own, which stands
    for its lock; None for other objects."""
    if not isinstance(value, Made) or value.kind.family not in ("process", "manager"):
        return None
    role = value.kind.role
    if role == "lock" and value.of is not None and value.of.kind.role == "value":
        return lock_of(program, value.of)  # `value.get_lock()`
    if role in ("condition", "value"):
        if "acquire" not in value.kind.methods:
            return None
        given = program.solver.cells.get((value, "lock"), frozenset())
        locks = [inner for inner in given if isinstance(inner, Made)]
        return lock_of(program, locks[0]) if len(locks) == 1 else value
    return value if role == "lock" else None


def is_given(program: Program, lock: Value, activation: Activation, at: int) -> bool:
    """Whether a call hands a lock, or a method of it, to the code that it calls."""

    def holds(value: Value) -> bool:
        if isinstance(value, Bound):
            value = value.receiver
        if isinstance(value, Container):
            held = program.solver.cells.get((value, "all"), frozenset())
            return any(lock_of(program, inner) == lock for inner in held)
        return lock_of(program, value) == lock

    call = program.outline(activation).expressions.get(at)
    return isinstance(call, f.Call) and any(
        holds(value)
        for argument in call.arguments
        for value in program.values(argument.value, activation)
    )


class Regions(Struct):
    """The regions of a program, each found once."""

    program: Program
    _found: dict[Activation, list[Region]] = field(default_factory=dict)
    _acquired: dict[Activation, dict[Operation, Region]] = field(default_factory=dict)

    def of(self, activation: Activation) -> list[Region]:
        """The regions of one function."""
        if activation not in self._found:
            found = self._found[activation] = []
            room = MAX_HELD
            for region in self._regions(activation):
                room -= len(region.expressions)
                if room < 0:
                    break
                found.append(region)
        return self._found[activation]

    def by_acquire(self, acquire: Operation) -> Region | None:
        """The region that begins with one acquire."""
        activation = acquire.activation
        if activation not in self._acquired:
            found: dict[Operation, Region] = {}
            for region in self.of(activation):
                found.setdefault(region.acquire, region)
            self._acquired[activation] = found
        return self._acquired[activation].get(acquire)

    def all(self) -> Iterator[Region]:
        for activation in self._holders():
            yield from self.of(activation)

    def _holders(self) -> list[Activation]:
        operations = self.program.operations
        return list(dict.fromkeys(o.activation for o in operations if o.does == "acquire"))

    def _regions(self, activation: Activation) -> Iterator[Region]:
        outline = self.program.outline(activation)
        for operation in self.program.done_in.get(activation, ()):
            if operation.does != "acquire":
                continue
            lock = lock_of(self.program, operation.receiver)
            if lock is None or not operation.sure:
                continue
            if operation.blocks is not True or operation.timed is not False:
                continue
            step = outline.step_of(operation.at)
            if isinstance(step, f.With) and operation.is_entered:
                if not self._releases(step.body, lock, activation):
                    later = [manager for manager, _ in step.items if manager.at > operation.at]
                    yield self._region(lock, operation, step.body, later)
            elif isinstance(step, f.Evaluate) and step.value.at == operation.at:
                block = self._block_of(step, activation)
                body = tuple(self._until_release(block, step, lock, activation))
                if body:
                    yield self._region(lock, operation, body, [])

    def _region(
        self, lock: Value, acquire: Operation, body: f.Block, managers: list[f.Expr]
    ) -> Region:
        steps = tuple(step.at for step in f.steps(body))
        return Region(lock, acquire, (*f.within(*managers), *f.evaluated(body)), steps)

    def _block_of(self, step: f.Step, activation: Activation) -> f.Block:
        """The block that a step is part of."""
        frame = next(self.program.outline(activation).around(step.at), None)
        blocks: list[f.Block] = [activation.scope.body]
        if frame is not None and not isinstance(frame.node, f.Expr):
            blocks += f.blocks(frame.node)
        for block in blocks:
            if step in block:
                return block
        return ()

    def _until_release(
        self, block: f.Block, acquire: f.Step, lock: Value, activation: Activation
    ) -> Iterator[f.Step]:
        """The steps that follow `lock.acquire()`, as far as the lock is certainly held."""
        for step in block[block.index(acquire) + 1 :] if acquire in block else ():
            if not self._releases((step,), lock, activation):
                yield step
                continue
            if isinstance(step, f.Try) and not step.handlers:
                if not self._releases((*step.body, *step.otherwise), lock, activation):
                    yield from (*step.body, *step.otherwise)
            return

    def _releases(self, block: f.Block, lock: Value, activation: Activation) -> bool:
        """Whether a block may release a lock: other than by the end of a `with` in it."""
        program = self.program
        for expression in f.evaluated(block):
            for operation in program.operations_at.get((activation, expression.at), ()):
                if operation.does in ("release", "wait"):
                    if lock_of(program, operation.receiver) == lock:
                        return True
        return False

    # What runs in them --------------------------------------------------------------------------

    def inside(self, region: Region) -> Iterator[Inside]:
        """All that runs in a region, in the functions that it calls as well."""
        budget.spend()
        numbers = [expression.at for expression in region.expressions]
        for at in (*numbers, *region.steps):
            yield Inside(region.activation, at)
        for at in numbers:
            yield from self._called(region.activation, at, (), {region.activation}, certain=True)

    def reached(self, activation: Activation) -> Iterator[Inside]:
        """All that a call of a function runs."""
        return self._body(activation, (), {activation}, certain=True)

    def _called(
        self,
        activation: Activation,
        at: int,
        calls: tuple[Site, ...],
        above: set[Activation],
        *,
        certain: bool,
    ) -> Iterator[Inside]:
        if len(calls) >= MAX_CALLS:
            return
        callees = [
            callee
            for callee in self.program.callees_at.get((activation, at), ())
            if not callee.scope.is_generator and callee not in above
        ]
        chain = (*calls, Site(activation.path, at))
        for callee in callees:
            sure = certain and len(callees) == 1
            yield from self._body(callee, chain, above | {callee}, certain=sure)

    def _body(
        self,
        activation: Activation,
        calls: tuple[Site, ...],
        above: set[Activation],
        *,
        certain: bool,
    ) -> Iterator[Inside]:
        outline = self.program.outline(activation)
        for at in outline.steps:
            sure = certain and not self._is_optional(activation, at)
            yield Inside(activation, at, calls, sure)
        for at in outline.expressions:
            sure = certain and not self._is_optional(activation, at)
            yield Inside(activation, at, calls, sure)
            yield from self._called(activation, at, calls, above, certain=sure)

    def _is_optional(self, activation: Activation, at: int) -> bool:
        """Whether a function can go around an expression: by a branch, or by leaving before."""
        outline = self.program.outline(activation)
        for frame in outline.around(at):
            node, part = frame.node, frame.part
            if isinstance(node, (f.Branch, f.Match)) and (part != "test" or frame.index):
                return True
            if isinstance(node, (f.Conditional, f.Boolean)) and frame.index:
                return True
            if isinstance(node, f.Try) and part in ("handler", "otherwise"):
                return True
            if isinstance(node, (f.For, f.While)) and part == "otherwise":
                return True
        return any(
            isinstance(step, f.Leave) and number < at for number, step in outline.steps.items()
        )
