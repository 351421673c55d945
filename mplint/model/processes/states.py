"""The states of one process object along the ways through a function: new, started, ended, closed.

A variable that holds one process is followed from where the process is made (or from where it first
shows its state) to the end of the function. What is done to the process through another name, a
container or another function leaves its state open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from mplint import catalog
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine
from mplint.model.values import Activation, ClassRef, Instance, Made, Named, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

OPEN, NEW, RUNNING, ENDED, CLOSED = "open", "new", "running", "ended", "closed"
STARTED = "started"
"""Started, and since then something was waited for: it may have ended."""

_WRONG: dict[str, dict[str, str]] = {
    "start": {
        RUNNING: "`{call}` starts a process that was started before, and raises AssertionError",
        STARTED: "`{call}` starts a process that was started before, and raises AssertionError",
        ENDED: "`{call}` starts a process that has ended, and raises AssertionError",
        CLOSED: "`{call}` comes after `close()`, and raises ValueError",
    },
    "join": {
        NEW: "`{call}` comes before `start()`, and raises AssertionError",
        CLOSED: "`{call}` comes after `close()`, and raises ValueError",
    },
    "kill": {
        NEW: "`{call}` comes before `start()`, and raises AttributeError",
        CLOSED: "`{call}` comes after `close()`, and raises ValueError",
    },
    "alive": {CLOSED: "`{call}` comes after `close()`, and raises ValueError"},
    "close": {RUNNING: "`{call}` comes while the process still runs, and raises ValueError"},
    "daemon": {
        RUNNING: "`{call}` is set after `start()`, and raises AssertionError",
        STARTED: "`{call}` is set after `start()`, and raises AssertionError",
        ENDED: "`{call}` is set after `start()`, and raises AssertionError",
    },
}

_AFTER = {
    "make": {NEW, OPEN},
    "start": {RUNNING, STARTED, OPEN},
    "join": {ENDED, STARTED, OPEN},
    "close": {CLOSED, OPEN},
}
"""The states that are possible after something was done to a process that was in none of the wrong
ones, whatever else happens until the next thing is done to it."""

_CURES = {
    ("start", RUNNING): "Make a new process for every start: `Process(…)` belongs beside it.",
    ("start", STARTED): "Make a new process for every start: `Process(…)` belongs beside it.",
    ("start", ENDED): "Make a new process for every start: `Process(…)` belongs beside it.",
    ("join", NEW): "Start it first.",
    ("kill", NEW): "Start it first, or leave this out.",
    ("close", RUNNING): "Join it first: `close()` only gives back what an ended process has left.",
}


_State: TypeAlias = "tuple[str, int | None]"
"""What a process is in, and the number of the expression that brought it there."""


class Wrong(Struct, frozen=True):
    """Something that is done to a process in the wrong state: what happens and what to do instead,
    in words; `before` is what brought it into that state."""

    site: Site
    what: str
    cure: str
    before: Site | None


class _Watch(Machine[_State]):
    """Follows one variable. A state is what the process is in, and where it got there."""

    def __init__(self, track: Track) -> None:
        self.track = track
        self.seen: dict[tuple[str, int], set[_State]] = {}

    def note(self, verb: str, at: int, state: _State) -> None:
        self.seen.setdefault((verb, at), set()).add(state)

    def operate(self, state: _State, operation: Operation) -> Iterable[_State]:
        track = self.track
        if operation.receiver is not track.holder:
            waits = operation.method.waits or operation.does in ("look", "poll")
            return ((STARTED, state[1]),) if waits and state[0] == RUNNING else (state,)
        if not track.is_own(operation):
            return ((OPEN, None),)
        self.note(operation.does, operation.at, state)
        if state[0] in _WRONG.get(operation.does, ()):
            return ()  # it raises
        at = operation.at
        match operation.does:
            case "start":
                return ((RUNNING, at),)
            case "join":
                return ((ENDED if operation.timed is False else STARTED, at),)
            case "kill" | "alive":
                return ((STARTED, state[1]),) if state[0] == RUNNING else (state,)
            case "close":
                return ((CLOSED, at),)
        return (state,)

    def unsure(self, state: _State, operation: Operation) -> Iterable[_State]:
        return ((OPEN, None),) if operation.receiver is self.track.holder else (state,)

    def called(self, state: _State, call: f.Call, activation: Activation) -> _State:
        track = self.track
        made = track.program.record.made.get((activation, call.at), ())
        if track.holder not in made:
            return state
        if call.at in track.makers:
            return (NEW, call.at) if track.is_new else (OPEN, None)
        return (OPEN, None) if activation is not track.activation and track.may_change else state

    def hidden(self, state: _State, activation: Activation, at: int) -> Iterable[_State]:
        if self.track.may_change or self.track.is_given_to(activation, at):
            return ((OPEN, None),)
        return ((STARTED, state[1]),) if state[0] == RUNNING else (state,)

    def launch(self, state: _State, activation: Activation, at: int) -> Iterable[_State]:
        return (state,)

    def stored(self, state: _State, target: f.Expr, activation: Activation) -> _State:
        if isinstance(target, f.Attribute) and target.name == "daemon":
            if activation is self.track.activation and describe(target.value) == self.track.name:
                self.note("daemon", target.at, state)
                return (OPEN, None) if state[0] in _WRONG["daemon"] else state
        return state

    def test(
        self, state: _State, test: f.Expr, activation: Activation, holds: bool
    ) -> _State | None:
        if state[0] != CLOSED and self.track.asks(test, activation):
            return (OPEN, None)
        if state[0] == NEW and holds and self.track.is_alive(test, activation):
            return None
        return state

    def repeated(self, state: _State) -> Iterable[_State]:
        return ((OPEN, None),)


class Track:
    """One variable of one function, named `name`, that holds the process `holder`."""

    def __init__(self, program: Program, activation: Activation, holder: Value, name: str) -> None:
        self.program = program
        self.activation = activation
        self.holder = holder
        self.name = name
        # what another function or code that we do not see may do to the process meanwhile
        self.may_change = "." in name or holder in program.solver.escapes
        self.is_new = isinstance(holder, Made) or not starts_itself(program, holder)

    @cached_property
    def makers(self) -> set[int]:
        """The calls of the function that make a new process for the variable."""
        return self.program.outline(self.activation).bound_calls.get(self.name, set())

    def is_given_to(self, activation: Activation, at: int) -> bool:
        """Whether a call of code that we do not see has to do with the process."""
        call = self.program.outline(activation).expressions.get(at)
        return activation is self.activation and any(
            describe(expression) == self.name
            for expression in (f.parts(call) if call is not None else ())
            for expression in (expression, *f.parts(expression))
        )

    def is_own(self, operation: Operation) -> bool:
        """Whether an operation is on what the variable holds."""
        return operation.activation is self.activation and operation.receiver_text == self.name

    def is_alive(self, test: f.Expr, activation: Activation) -> bool:
        """Whether a test asks just that, which no process is that has not been started."""
        match test:
            case f.Call(function=f.Attribute(value=owner, name="is_alive")):
                return activation is self.activation and describe(owner) == self.name
        return False

    def asks(self, test: f.Expr, activation: Activation) -> bool:
        """Whether a test asks for something of the process that tells its state."""
        if activation is not self.activation:
            return False
        return any(
            isinstance(part, f.Attribute)
            and part.name != "is_alive"
            and describe(part.value) == self.name
            for part in f.within(test)
        )

    def wrong(self) -> Iterator[Wrong]:
        if self._is_plainly_right():
            return
        watch = _Watch(self)
        Flow(self.program, watch).ends(self.activation, (OPEN, None))
        for (verb, at), states in sorted(watch.seen.items(), key=lambda item: item[0][1]):
            bad = _WRONG.get(verb, {})
            wrong = sorted((s for s in states if s[0] in bad), key=lambda s: (s[0], s[1] or 0))
            if self._is_handled(at):
                continue
            if not wrong or (len(wrong) < len(states) and not self._comes_again(verb, at, states)):
                continue
            state, before = wrong[0]
            text = f"{self.name}.daemon" if verb == "daemon" else self._text(at)
            yield Wrong(
                Site(self.activation.path, at),
                bad[state].format(call=text),
                _CURES.get((verb, state), "Do it earlier."),
                Site(self.activation.path, before) if before is not None else None,
            )

    def _is_plainly_right(self) -> bool:
        """Whether one block does everything with the process, in an order that cannot be wrong.
        That is so of most, and much cheaper to see than what every way through the function does.
        """
        outline = self.program.outline(self.activation)
        verbs: dict[int, str] = {}
        for at, verb in self._events():
            step = outline.step_of(at)
            if step is None or step.at in verbs:
                return False
            if verb != "alive" and not isinstance(step, (f.Bind, f.Evaluate)):
                return False
            verbs[step.at] = verb
        if len({outline.block_of(at) for at in verbs}) > 1:
            return False
        possible = {OPEN}
        again = any(outline.loops(at) for at in verbs)
        if again or self.program.is_recursive(self.activation):
            possible |= {NEW, RUNNING, STARTED, ENDED, CLOSED}
        for _, verb in sorted(verbs.items()):
            if not possible.isdisjoint(_WRONG.get(verb, ())):
                return False
            possible = _AFTER.get(verb, possible)
        return True

    def _events(self) -> Iterator[tuple[int, str]]:
        """What the function does to the process by this name, and where."""
        program, activation = self.program, self.activation
        for at in self.makers:
            if self.holder in program.record.made.get((activation, at), ()):
                yield at, "make"
        for operation in program.on.get(self.holder, ()):
            if self.is_own(operation):
                yield operation.at, operation.does
        for target in program.outline(activation).attributes.get("daemon", ()):
            if describe(target.value) == self.name:
                yield target.at, "daemon"

    def _text(self, at: int) -> str:
        call = self.program.outline(self.activation).expressions[at]
        return describe(call.function) + "()" if isinstance(call, f.Call) else describe(call)

    def _comes_again(self, verb: str, at: int, states: set[_State]) -> bool:
        """Whether a start is repeated by the loop that it is in, for certain: it is wrong from the
        second turn on."""
        if verb != "start" or any(state == OPEN for state, _ in states):
            return False
        outline = self.program.outline(self.activation)
        frame = next((fr for fr in outline.around(at) if not isinstance(fr.node, f.Evaluate)), None)
        if frame is None or frame.part != "body" or not isinstance(frame.node, (f.For, f.While)):
            return False
        return not any(
            isinstance(step, f.Leave) and step.kind != "continue"
            for step in f.steps(frame.node.body)
        )

    def _is_handled(self, at: int) -> bool:
        """Whether a place is in a handler, where nobody knows how far the `try` has come."""
        outline = self.program.outline(self.activation)
        return any(frame.part == "handler" for frame in outline.around(at))


def tracked(program: Program, activation: Activation, holder: Value) -> Iterator[str]:
    """The variables of a function that certainly hold one process of those that `holder` stands
    for: plain names and attributes of `self` that are only set to a new process."""
    if isinstance(holder, Instance) and overrides(program, holder):
        return
    if isinstance(holder, Made) and holder.given:
        return
    names: dict[str, None] = {}
    for operation in program.on.get(holder, ()):
        if operation.activation is activation and operation.call is not None:
            function = operation.call.function
            assert isinstance(function, f.Attribute)
            if _is_variable(program, activation, holder, function.value):
                names[operation.receiver_text] = None
    yield from names


def _is_variable(program: Program, activation: Activation, holder: Value, receiver: f.Expr) -> bool:
    if isinstance(receiver, f.Name):
        if receiver.id in program.solver.shared[activation.path] or "@" in receiver.id:
            return False
        bindings = program.outline(activation).bindings.get(receiver.id, ())
        return bool(bindings) and all(
            binding.whole and _makes(program, activation, holder, binding.value)
            for binding in bindings
        )
    if isinstance(receiver, f.Attribute) and isinstance(receiver.value, f.Name):
        text = describe(receiver)
        stores = [
            step.value
            for step in f.steps(activation.scope.body)
            if isinstance(step, f.Bind)
            for target in step.targets
            for leaf in f.leaves(target)
            if describe(leaf) == text
        ]
        return all(_makes(program, activation, holder, value) for value in stores)
    return False


def _makes(program: Program, activation: Activation, holder: Value, value: f.Expr | None) -> bool:
    """Whether an expression makes the process, or is None."""
    if isinstance(value, f.Constant) and value.value is None:
        return True
    return isinstance(value, f.Call) and holder in program.record.made.get(
        (activation, value.at), ()
    )


def overrides(program: Program, holder: Instance) -> bool:
    """Whether a class has a `start`, `join` or the like of its own, or may have."""
    for base in program.solver.ancestry(holder.cls):
        if isinstance(base, ClassRef):
            if _OWN & base.scope.bound:
                return True
        elif not isinstance(base, Named) or not _is_harmless(base.path):
            return True
    return False


def _is_harmless(path: str) -> bool:
    return isinstance(catalog.find(path), catalog.Maker) or path in ("object", "abc.ABC")


_OWN = frozenset({"start", "join", "close", "terminate", "kill", "is_alive", "daemon", "_popen"})


def starts_itself(program: Program, holder: Value) -> bool:
    """Whether the object is started by its own methods, as in `__init__`."""
    return any(
        operation.does == "start"
        and operation.receiver_text == program.own_name(operation.activation)
        for operation in program.on.get(holder, ())
    )
