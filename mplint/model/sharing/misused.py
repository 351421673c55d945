"""Locks that are used in a way that does not do what it looks like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine
from mplint.model.sharing.held import is_given, lock_of
from mplint.model.values import Activation, Bound, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program
    from mplint.model.sharing.locks import Locks

UNKNOWN, HELD, FREED = "unknown", "held", "freed"


class Misuse(Struct, frozen=True):
    """What is written, what it does in fact, and what to write instead. `other` is another place
    that matters, with what happens there."""

    written: str
    effect: str
    instead: str
    made: Site | None
    other: tuple[Site, str] | None = None


class _Freeing(Machine[str]):
    """Whether a lock is held or has been released; remembers in which states it is released."""

    def __init__(self, program: Program, lock: Value) -> None:
        self.program = program
        self.lock = lock
        self.seen: dict[Site, set[str]] = defaultdict(set)

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if lock_of(self.program, operation.receiver) != self.lock:
            return (state,)
        if operation.does == "acquire":
            stuck = state == HELD and isinstance(self.lock, Made) and self.lock.kind.name == "Lock"
            return () if stuck else (HELD,)
        if operation.does == "release":
            self.seen[operation.site].add(state)
            return (FREED,)
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return (UNKNOWN,) if lock_of(self.program, operation.receiver) == self.lock else (state,)

    def hidden(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        given = is_given(self.program, self.lock, activation, at)
        return (UNKNOWN if given else state,)

    def launch(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        return (UNKNOWN,)

    def repeated(self, state: str) -> Iterable[str]:
        return (UNKNOWN,)


def freed_before(program: Program, lock: Value, activation: Activation) -> dict[Site, set[str]]:
    """In which states the releases that a function comes to find a lock."""
    machine = _Freeing(program, lock)
    Flow(program, machine).ends(activation, UNKNOWN)
    return dict(machine.seen)


def entered_result(acquire: Operation) -> Misuse | None:
    """`with lock.acquire():`, whose result is True, and no context manager."""
    if acquire.call is None or not acquire.crosses or acquire.does != "acquire":
        return None
    outline = acquire.program.outline(acquire.activation)
    frame = next(outline.around(acquire.at), None)
    if frame is None or not isinstance(frame.node, f.With):
        return None
    if not any(manager.at == acquire.at for manager, _ in frame.node.items):
        return None
    made = acquire.receiver.site if isinstance(acquire.receiver, Made) else None
    effect = (
        "takes the lock and then raises an error, as `acquire()` returns True and not something "
        "that `with` can end: the lock stays taken"
    )
    return Misuse(f"with {acquire.text}", effect, f"Write `with {acquire.receiver_text}:`.", made)


def uncalled(program: Program, expression: f.Expr, activation: Activation) -> Misuse | None:
    """`lock.acquire` or `lock.release`, as a statement or a test, that nobody calls."""
    if not isinstance(expression, f.Attribute):
        return None
    values = program.values(expression, activation)
    methods = [v for v in values if isinstance(v, Bound) and v.name in ("acquire", "release")]
    if not methods or len(methods) != len(values):
        return None
    for method in methods:
        if lock_of(program, method.receiver) is None:
            return None
    written = describe(expression)
    frame = next(program.outline(activation).around(expression.at), None)
    tested = frame is not None and (frame.part == "test" or isinstance(frame.node, f.Unary))
    effect = "is always true" if tested else "does nothing"
    receiver = methods[0].receiver
    return Misuse(
        written,
        f"{effect}: it names the method and does not call it",
        f"Call it, `{written}()`, or write `with {describe(expression.value)}:`.",
        receiver.site if isinstance(receiver, Made) else None,
    )


def tested(program: Program, expression: f.Expr, activation: Activation) -> Misuse | None:
    """`if lock:`, where it certainly is a lock, and never None."""
    if not isinstance(expression, f.Name):
        return None
    values = program.values(expression, activation)
    if len(values) != 1:
        return None
    (value,) = values
    if not isinstance(value, Made) or value.kind.role != "lock" or lock_of(program, value) is None:
        return None
    cell = program.solver.variable(activation, expression.id)
    if cell is None or not isinstance(cell[0], Activation):
        return None
    owner = cell[0]
    bindings = program.outline(owner).bindings.get(expression.id, [])
    names = {parameter.name for parameter in owner.scope.parameters}
    if len(bindings) != 1 or expression.id in names or bindings[0].value is None:
        return None
    if value not in program.record.made.get((owner, bindings[0].value.at), ()):
        return None
    written = describe(expression)
    return Misuse(
        written,
        "is true whether the lock is taken or not",
        f"Ask with `{written}.acquire(block=False)`, which takes the lock if it is free.",
        value.site,
    )


def released_too_often(locks: Locks, release: Operation) -> Misuse | None:
    """`lock.release()` of a lock that nobody has acquired, or that is released already."""
    program = locks.program
    lock = locks.lock_of(release.receiver)
    if not isinstance(lock, Made) or release.call is None or not release.crosses:
        return None
    if release.does != "release" or _is_prepared(release):
        return None
    never = _never_taken(locks, lock, release)
    if never is not None:
        return never
    if lock.kind.name != "Lock" or _is_signal(locks, lock):
        return None
    seen = locks.freed_before(lock, release.activation)
    outline = program.outline(release.activation)
    frames = list(outline.around(release.at))
    states = seen.get(release.site, set())
    optional = any(isinstance(frame.node, (f.Branch, f.Match)) for frame in frames)
    if FREED in states and (states == {FREED} or not optional):
        first = next(
            (
                use
                for use in locks.uses(lock, "release")
                if use.activation is release.activation and use.at < release.at
            ),
            None,
        )
        return Misuse(
            release.text,
            "releases a lock that is released already: it raises an error, or takes the lock away "
            "from a process that has got it since",
            f"Release once, at the end of `with {release.receiver_text}:`.",
            lock.site,
            (first.site, "it is released here before") if first is not None else None,
        )
    for frame in frames:
        if isinstance(frame.node, f.With) and frame.part == "body":
            end = Site(release.activation.path, frame.node.at)
            taken_again = any(
                use.activation is release.activation and use.at > release.at
                for use in locks.uses(lock, "acquire")
            )
            if FREED in seen.get(end, ()) and not taken_again:
                return Misuse(
                    release.text,
                    "releases a lock that the end of `with` releases again, which raises an error",
                    "Leave it out: `with` releases on every way out.",
                    lock.site,
                    (end, "the end of this `with` releases it as well"),
                )
    return None


def _never_taken(locks: Locks, lock: Made, release: Operation) -> Misuse | None:
    """A release where nobody acquires, or of a lock that belongs to who acquires it."""
    program = locks.program
    if lock.kind.name not in ("Lock", "RLock", "BoundedSemaphore"):
        return None
    if lock in program.solver.escapes or lock.given or program.sight.is_reached_unseen(lock):
        return None
    if program.overrun or not release.runners:
        return None
    acquires = locks.uses(lock, "acquire")
    owners = {
        runner
        for activation in locks.users(lock, "acquire")
        for runner in program.runners(activation)
    }
    if not acquires:
        effect = "raises an error: nobody acquires this lock"
    elif lock.kind.name == "RLock" and not owners & release.runners and owners:
        effect = "raises an error: this lock can be released only by the process that acquires it"
    else:
        return None
    other = (acquires[0].site, "another process acquires it here") if acquires else None
    instead = f"Write `with {release.receiver_text}:` around what the lock protects."
    return Misuse(release.text, effect, instead, lock.site, other)


def _is_prepared(release: Operation) -> bool:
    """Whether an error of the release is caught."""
    return any(
        isinstance(frame.node, f.Try) and frame.part == "body" and frame.node.handlers
        for frame in release.program.outline(release.activation).around(release.at)
    )


def _is_signal(locks: Locks, lock: Made) -> bool:
    """Whether somebody else acquires the lock without releasing it: then each release is a signal
    to go on."""
    return not locks.users(lock, "acquire") <= locks.users(lock, "release")
