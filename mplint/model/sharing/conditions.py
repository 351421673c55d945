"""Whether a condition is held where it has to be, and whether a notification is heard."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.sharing.held import lock_of
from mplint.model.values import NOTHING, Activation, Made, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Runner
    from mplint.model.program import Program


class Unheard(Struct, frozen=True):
    """A wait for a notification that may come before it, or that nobody gives: `notify` is None."""

    condition: Made
    notify: Operation | None


class Conditions:
    """The questions about conditions, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._users: dict[Made, set[Runner]] = {}
        self._elsewhere: dict[tuple[Made, frozenset[Runner]], bool] = {}
        self._heard: dict[Made, bool] = {}

    def unheld(self, operation: Operation) -> Made | None:
        """For a wait or notify: the condition, when the process certainly does not hold it."""
        condition = operation.receiver
        if not isinstance(condition, Made) or condition.kind.role != "condition":
            return None
        if operation.does not in ("wait", "notify") or operation.call is None:
            return None
        program = self.program
        if not operation.crosses or not program.sight.is_seen_whole(condition):
            return None
        lock = self._lock(condition)
        if lock is None or not program.runners(operation.activation):
            return None
        if lock in self._by_hand:
            return None  # who knows where it is given back
        return None if self._may_be_held(operation, lock) else condition

    @cached_property
    def _by_hand(self) -> set[Value]:
        """The locks that somebody takes by a call, whatever it is called on: a lock, or a condition
        or value that has it."""
        return {
            lock
            for operation in self.program.operations
            if operation.does == "acquire" and operation.call is not None
            if (lock := lock_of(self.program, operation.receiver)) is not None
        }

    def _lock(self, condition: Made) -> Value | None:
        """The lock that holding a condition means, which it can have in common with others. None is
        not known."""
        given = self.program.solver.cells.get((condition, "lock"), NOTHING)
        if len(given) > 1 or not all(isinstance(value, Made) for value in given):
            return None
        return lock_of(self.program, condition)

    def _may_be_held(self, operation: Operation, lock: Value) -> bool:
        """Whether a `with` stands around an operation, or around a call that leads to it."""
        program = self.program
        todo = [(operation.activation, operation.at)]
        seen = set()
        while todo:
            place = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            activation, at = place
            if activation in program.solver.from_outside or program.failing.is_opaque(activation):
                return True
            if self._is_around(activation, at, lock):
                return True
            todo += [
                (edge.caller, edge.at)
                for edge in program.callers.get(activation, ())
                if edge.launch is None
            ]
        return False

    def _is_around(self, activation: Activation, at: int, lock: Value) -> bool:
        program = self.program
        for frame in program.outline(activation).around(at):
            if not isinstance(frame.node, f.With) or frame.part != "body":
                continue
            for manager, _ in frame.node.items:
                values = program.values(manager, activation)
                if not values or any(
                    not isinstance(value, Made) or lock_of(program, value) == lock
                    for value in values
                ):
                    return True
        return False

    # Waits without a test -----------------------------------------------------------------------

    def unheard(self, wait: Operation) -> Unheard | None:
        """For a wait that waits for ever: whether the notification can have come before, so that
        there is none any more; or whether there never is one."""
        program = self.program
        condition = program.signals.awaited(wait, "condition")
        if condition is None or not program.sight.is_seen_whole(condition):
            return None
        if program.sharing.made_in_worker(condition) or self.unheld(wait) is not None:
            return None
        notifies = program.signals.operations(condition, "notify")
        key = (condition, wait.runners)
        if key not in self._elsewhere:
            self._elsewhere[key] = not any(
                notify.runners & wait.runners or notify.launch for notify in notifies
            )
        if not self._elsewhere[key]:
            return None
        if condition not in self._users:
            uses = {use.activation for use in program.on[condition]}
            self._users[condition] = {runner for use in uses for runner in program.runners(use)}
        if all(isinstance(runner, str) for runner in self._users[condition]):
            return None
        if not notifies:
            return None if program.sight.is_in_attribute(condition) else Unheard(condition, None)
        if wait.name != "wait" or self._is_tested(wait) or self._is_announced(wait, condition):
            return None
        if condition not in self._heard:
            self._heard[condition] = any(
                self._is_repeated(notify) or self._asks_first(notify) for notify in notifies
            )
        return None if self._heard[condition] else Unheard(condition, notifies[0])

    def _is_tested(self, wait: Operation) -> bool:
        """Whether a test decides if the process waits, or a loop if it goes on to wait."""
        program = self.program
        places = [(wait.activation, wait.at)]
        places += [(e.caller, e.at) for e in program.callers[wait.activation] if e.launch is None]
        return any(
            isinstance(frame.node, (f.While, f.For, f.Branch, f.Conditional, f.Boolean, f.Match))
            for activation, at in places
            for frame in program.outline(activation).around(at)
        )

    def _is_announced(self, wait: Operation, condition: Made) -> bool:
        """Whether something is called while the condition is held, before the wait: it can tell the
        others that they may notify, who have to wait for the condition until this one waits."""
        outline = self.program.outline(wait.activation)
        for frame in outline.around(wait.at):
            if isinstance(frame.node, f.With) and frame.part == "body":
                calls = outline.calls
                begin, end = bisect_right(calls, frame.node.at), bisect_left(calls, wait.at)
                managers = {manager.at for manager, _ in frame.node.items}
                steps = [
                    step
                    for step in f.steps(frame.node.body)
                    if isinstance(step, f.Bind)
                    and step.at < wait.at
                    and any(
                        not isinstance(leaf, f.Name) or leaf.id not in wait.activation.scope.bound
                        for target in step.targets
                        for leaf in f.leaves(target)
                    )
                ]
                if steps or any(
                    at not in managers
                    and self.program.record.externals.get((wait.activation, at)) != "print"
                    for at in calls[begin:end]
                ):
                    return True
        return False

    def _is_repeated(self, notify: Operation) -> bool:
        """Whether a notification comes again and again."""
        program = self.program
        if program.outline(notify.activation).loops(notify.at):
            return True
        return any(
            program.outline(edge.caller).loops(edge.at)
            for edge in program.callers[notify.activation]
            if edge.launch is None
        )

    def _asks_first(self, notify: Operation) -> bool:
        """Whether the notifying function waits for something else before: for the news that the
        other side is there."""
        above = set(self.program.upward(notify.activation))
        return any(
            operation.does in ("get", "join", "result", "poll", "look", "alive", "wait")
            and operation.activation in above
            and (operation.activation is not notify.activation or operation.at < notify.at)
            for operation in self.program.operations
            if operation.does != "join" or operation.activation is notify.activation
        )
