"""Which locks are held where, and whether they are released."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.failing import error_name
from mplint.model.paths.assuming import Assumed, Assuming, without
from mplint.model.paths.machine import Ends, Gone, Machine, Place, Raised
from mplint.model.paths.passing import Passing
from mplint.model.paths.raising import ANY
from mplint.model.sharing import misused
from mplint.model.sharing.deadlocks import Deadlocks, Opposite, TakenTwice, WaitsInside
from mplint.model.sharing.held import Regions, is_given, lock_of
from mplint.model.sharing.misused import Misuse
from mplint.model.values import Activation, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

FREE, HELD, GIVEN, RELEASED = "free", "held", "given", "released"


class Kept(Struct, frozen=True):
    """A way out of a function on which it does not release the lock that it has acquired: by an
    error, by a statement that leaves, or (`at` is None) past a branch that releases. `release` is
    what other ways do."""

    acquire: Operation
    release: Operation
    how: str
    at: Site | None


class _Holding(Machine[Hashable]):
    """What becomes of one acquired lock: free, held, given to somebody, released, or the number of
    the statement that leaves with it."""

    def __init__(self, program: Program, acquire: Operation, lock: Value) -> None:
        self.program = program
        self.acquire = acquire
        self.lock = lock
        self.release: Operation | None = None
        self.again: Hashable = None
        again = program.activations_at(acquire.site)
        self._acquired = frozenset((activation, acquire.at) for activation in again)

    def concerns(self, state: Hashable) -> frozenset[Place] | None:
        return self._acquired if state in (FREE, RELEASED) else None

    def follows(self, operation: Operation) -> bool:
        return lock_of(self.program, operation.receiver) == self.lock

    def operate(self, state: Hashable, operation: Operation) -> Iterable[Hashable]:
        if not self.follows(operation):
            return (state,)
        if operation.site == self.acquire.site and operation.does == "acquire":
            if state == HELD or isinstance(state, int):
                self.again = state
            return (HELD,)
        if operation.does == "release" and state not in (FREE, RELEASED):
            if operation.activation is not self.acquire.activation or operation.call is None:
                return (GIVEN,)
            self.release = operation
            return (RELEASED,)
        return (state,)

    def unsure(self, state: Hashable, operation: Operation) -> Iterable[Hashable]:
        return self.operate(state, operation)

    def test(
        self, state: Hashable, test: f.Expr, activation: Activation, holds: bool
    ) -> Hashable | None:
        while isinstance(test, f.Unary) and test.operator == "not":
            test, holds = test.operand, not holds
        if test.at == self.acquire.at and activation is self.acquire.activation and not holds:
            return FREE  # it was not acquired
        return state

    def leave(self, state: Hashable, step: f.Leave, activation: Activation) -> Hashable:
        here = activation is self.acquire.activation and step.kind in ("return", "continue")
        return step.at if state == HELD and here else state

    def launch(self, state: Hashable, activation: Activation, at: int) -> Iterable[Hashable]:
        return (self._given_away(state),)

    def repeated(self, state: Hashable) -> Iterable[Hashable]:
        return (self._given_away(state),)

    def hidden(self, state: Hashable, activation: Activation, at: int) -> Iterable[Hashable]:
        given = is_given(self.program, self.lock, activation, at)
        return (self._given_away(state) if given else state,)

    def _given_away(self, state: Hashable) -> Hashable:
        return state if state in (FREE, RELEASED) else GIVEN


class Locks:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.regions = Regions(program)
        self._released: dict[tuple[Value, Activation], set[tuple[int, str, int]]] = {}
        self._freed: dict[tuple[Value, Activation], dict[Site, set[str]]] = {}

    def lock_of(self, value: Value) -> Value | None:
        """The lock behind an object; None when it is no lock between processes."""
        return lock_of(self.program, value)

    @cached_property
    def _uses(self) -> dict[tuple[Value, str], list[Operation]]:
        """What is done to each lock: acquire and release."""
        found: dict[tuple[Value, str], list[Operation]] = {}
        for operation in self.program.operations:
            if operation.does in ("acquire", "release"):
                lock = self.lock_of(operation.receiver)
                if lock is not None:
                    found.setdefault((lock, operation.does), []).append(operation)
        return found

    def uses(self, lock: Value, verb: str) -> Sequence[Operation]:
        return self._uses.get((lock, verb), ())

    def users(self, lock: Value, verb: str) -> frozenset[Activation]:
        """The functions that do so."""
        return self._users.get((lock, verb), frozenset())

    def freed_before(self, lock: Value, activation: Activation) -> dict[Site, set[str]]:
        """In which states the releases that a function comes to find a lock."""
        key = (lock, activation)
        if key not in self._freed:
            self._freed[key] = misused.freed_before(self.program, lock, activation)
        return self._freed[key]

    def is_handed_over(self, lock: Value) -> bool:
        """Whether a function releases a lock that another one has acquired, as a signal does."""
        acquirers = self._users.get((lock, "acquire"), frozenset())
        return not self._users.get((lock, "release"), frozenset()) <= acquirers

    @cached_property
    def _users(self) -> dict[tuple[Value, str], frozenset[Activation]]:
        """The functions that do so."""
        return {key: frozenset(use.activation for use in uses) for key, uses in self._uses.items()}

    # Not released -------------------------------------------------------------------------------

    def kept(self, acquire: Operation) -> Kept | None:
        """A way out of the function around `lock.acquire()` on which the lock stays taken, where
        other ways release it."""
        lock = self.lock_of(acquire.receiver)
        if lock is None or acquire.call is None or not acquire.crosses:
            return None
        if not self._is_followed(acquire) or self.is_handed_over(lock):
            return None
        if acquire.activation not in self._users.get((lock, "release"), ()):
            return None
        machine = _Holding(self.program, acquire, lock)
        plain = self._kept(machine, Passing(self.program, machine).ends(acquire.activation, FREE))
        if plain is None:
            return None
        # the ways that agree with themselves are some of these, and take much longer to tell
        machine = _Holding(self.program, acquire, lock)
        flow = Passing(self.program, Assuming(self.program, machine))
        ends = flow.ends(acquire.activation, Assumed(FREE))
        return self._kept(machine, {way: without(states) for way, states in ends.items()})

    def _kept(self, machine: _Holding, ends: Ends) -> Kept | None:
        acquire, lock = machine.acquire, machine.lock
        if machine.release is None:
            return None
        if not self._depends(acquire, lock):
            left = self._left(machine, ends)
            if left is not None:
                return left
        failure = self._failure(ends)
        return Kept(acquire, machine.release, *failure) if failure is not None else None

    def _left(self, machine: _Holding, ends: Ends) -> Kept | None:
        """A way out without an error on which the lock is kept."""
        acquire, release = machine.acquire, machine.release
        assert release is not None
        numbers = [machine.again] if isinstance(machine.again, int) else []
        for way, states in ends.items():
            if not isinstance(way, (Raised, Gone)):
                numbers += [state for state in states if isinstance(state, int)]
                if HELD in states:
                    why = states[HELD]
                    if why is not None:  # which a handler catches
                        return Kept(acquire, release, "an error is raised", why.site)
                    return Kept(acquire, release, "another branch is taken", None)
        for number in numbers:
            step = self.program.outline(acquire.activation).steps[number]
            returns = isinstance(step, f.Leave) and step.kind == "return"
            how = "the function returns" if returns else "the loop goes on to its next turn"
            return Kept(acquire, release, how, Site(acquire.activation.path, number))
        if machine.again is not None:
            return Kept(acquire, release, "the loop goes on to its next turn", None)
        return None

    def _is_followed(self, acquire: Operation) -> bool:
        """Whether we know where it has acquired the lock: it waits for it, or is a test."""
        if acquire.blocks is True and acquire.timed is False:
            return True
        outline = self.program.outline(acquire.activation)
        for frame in outline.around(acquire.at):
            if not isinstance(frame.node, f.Unary):
                return isinstance(frame.node, (f.Branch, f.While)) and frame.part == "test"
        return False

    def _failure(self, ends: Ends) -> tuple[str, Site] | None:
        """The likeliest error on which the lock is kept."""
        found = [
            (reason.weight, -reason.site.at, way.error, reason.site)
            for way, states in ends.items()
            if isinstance(way, Raised)
            for state, reason in states.items()
            if (state == HELD or isinstance(state, int)) and reason is not None
        ]
        if not found:
            return None
        _, _, error, site = max(found, key=lambda item: item[:2])
        name = error_name(error)
        what = name if name == ANY else f"`{name}`"
        return f"{what} is raised", site

    def _depends(self, acquire: Operation, lock: Value) -> bool:
        """Whether it is acquired in a branch, and released in another one, which may be taken
        whenever the first is: `if lock: lock.acquire()`."""
        outline = self.program.outline(acquire.activation)
        arms = {
            (frame.node.at, frame.part, frame.index)
            for frame in outline.around(acquire.at)
            if isinstance(frame.node, (f.Branch, f.Match, f.Conditional, f.Boolean))
            and frame.part != "test"
        }
        return bool(arms) and not arms <= self._around_releases(lock, acquire.activation)

    def _around_releases(self, lock: Value, activation: Activation) -> set[tuple[int, str, int]]:
        """What all releases of a lock in a function are inside of."""
        key = (lock, activation)
        if key not in self._released:
            outline = self.program.outline(activation)
            around = [
                {(frame.node.at, frame.part, frame.index) for frame in outline.around(use.at)}
                for use in self.uses(lock, "release")
                if use.activation is activation
            ]
            self._released[key] = set.intersection(*around)
        return self._released[key]

    # Misused ------------------------------------------------------------------------------------

    def misused_call(self, operation: Operation) -> Misuse | None:
        """`with lock.acquire():`, or the release of a lock that is released already."""
        if operation.does == "acquire":
            return misused.entered_result(operation)
        return misused.released_too_often(self, operation)

    def uncalled(self, expression: f.Expr, activation: Activation) -> Misuse | None:
        """`lock.acquire` without parentheses, as a statement or a test."""
        return misused.uncalled(self.program, expression, activation)

    def tested(self, expression: f.Expr, activation: Activation) -> Misuse | None:
        """`if lock:`, which is always true."""
        return misused.tested(self.program, expression, activation)

    # Nobody can go on ---------------------------------------------------------------------------

    @cached_property
    def deadlocks(self) -> Deadlocks:
        return Deadlocks(self)

    def taken_twice(self, acquire: Operation) -> TakenTwice | None:
        """Where the holder of a lock waits for the lock that it holds."""
        return self.deadlocks.taken_twice(acquire)

    def waits_inside(self, acquire: Operation) -> WaitsInside | None:
        """Where the holder of a lock waits for a process that wants the lock."""
        return self.deadlocks.waits_inside(acquire)

    def opposite(self, acquire: Operation) -> Opposite | None:
        """Where the holder of a lock takes a second one, and another process does it the other way
        round. Of the two places, the answer is given for the first one."""
        return self.deadlocks.opposite(acquire)
