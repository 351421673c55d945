"""What can follow what: every way through a function, failures included.

A question is a small automaton, a `Machine`: it changes state at calls, tests and exceptions.
`Flow` runs it over the statements of a function, into the functions that it calls, and tells in
which states each way out can be reached: the normal end, or an exception of some kind.

Two rules keep the answers usable. A loop's body is taken to run at least once, where the machine
does not say otherwise: a loop that never turns has nobody waiting for its turns. And a statement
can raise only when it calls something that is unknown or somebody else's and not known to be
harmless (`raises`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Generic

from mplint import budget
from mplint.catalog import python
from mplint.model import facts as f
from mplint.model.paths.machine import (
    BREAK,
    CONTINUE,
    NORMAL,
    RETURN,
    Ends,
    Gone,
    Machine,
    Raised,
    Reason,
    State,
    States,
    Way,
)
from mplint.model.paths.raising import ANY, USUAL, Error, catches
from mplint.model.values import (
    Activation,
    Container,
    Instance,
    Made,
    Site,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program

HARD_EXITS = frozenset({"os._exit", "os.abort"})
SOFT_EXITS = frozenset({"sys.exit", "exit", "quit"})

MAX_DEPTH = 40
"""Functions inside functions; deeper ones are not followed."""


class Flow(Generic[State]):
    """Runs one machine over a program."""

    def __init__(self, program: Program, machine: Machine[State]) -> None:
        self.program = program
        self.raising = program.raising
        self.machine = machine
        self._ends: dict[tuple[Activation, State], Ends] = {}
        self._running: set[tuple[Activation, State]] = set()
        self._depth = 0
        self._caught: list[Error] = []  # what the handlers around are handling
        self._hears_calls = type(machine).called is not Machine.called
        self._hears_stores = type(machine).stored is not Machine.stored

    def ends(self, activation: Activation, state: State) -> Ends:
        """How a call of the function can end, beginning in a state: NORMAL (a return is one), or
        Raised. Empty when it is recursive: then nothing is known of it."""
        key = (activation, state)
        known = self._ends.get(key)
        if known is not None:
            return known
        if key in self._running or self._depth > MAX_DEPTH:
            return {}
        self._running.add(key)
        self._depth += 1
        caught, self._caught = self._caught, []
        try:
            found = self._block(activation.scope.body, {state: None}, activation)
        finally:
            self._caught = caught
            self._depth -= 1
            self._running.discard(key)
        ends: Ends = {}
        for way, states in found.items():
            _merge(ends, NORMAL if way in (RETURN, BREAK, CONTINUE) else way, states)
        self._ends[key] = ends
        return ends

    def ways_out(self, step: f.Step, activation: Activation, state: State) -> Ends:
        """How a step can be left, begun in a state."""
        return self._step(step, {state: None}, activation)

    def turn(self, loop: f.While, activation: Activation, state: State) -> States:
        """The states in which one turn of a loop, begun in a state, leads to the next turn."""
        ends: Ends = {}
        states = self._evaluate(loop.test, {state: None}, activation, ends)
        states = self._tested(loop.test, states, activation, holds=True)
        ran = self._block(loop.body, states, activation)
        after: States = {}
        for way in (NORMAL, CONTINUE):
            _add(after, ran.get(way, {}))
        return after

    # Blocks and steps ---------------------------------------------------------------------------

    def _block(self, block: f.Block, states: States, activation: Activation) -> Ends:
        ends: Ends = {}
        for step in block:
            if not states:
                break
            after = self._step(step, states, activation)
            states = after.pop(NORMAL, {})
            for way, left in after.items():
                _merge(ends, way, left)
        if states:
            _merge(ends, NORMAL, states)
        return ends

    def _step(self, step: f.Step, states: States, activation: Activation) -> Ends:
        budget.spend()
        ends: Ends = {}
        match step:
            case f.Leave(kind="raise", value=value):
                states = self._evaluate(value, states, activation, ends)
                if value is not None:
                    errors = self.raising.thrown(value, activation)
                else:
                    errors = self._caught[-1:] or [ANY]
                for error in errors:
                    self._fail(states, error, Site(activation.path, step.at), ends)
                return ends
            case f.Leave(kind=kind, value=value):
                states = self._evaluate(value, states, activation, ends)
                left: States = {}
                for state, why in states.items():
                    new = self.machine.leave(state, step, activation)  # type: ignore[arg-type]
                    left.setdefault(new, why)
                _merge(ends, kind, left)
                return ends
            case f.Branch(arms=arms, otherwise=otherwise):
                for test, then in arms:
                    states = self._evaluate(test, states, activation, ends)
                    taken = self._tested(test, states, activation, holds=True)
                    self._into(ends, self._block(then, taken, activation))
                    states = self._tested(test, states, activation, holds=False)
                self._into(ends, self._block(otherwise, states, activation))
                return ends
            case f.Match(subject=subject, cases=cases):
                states = self._evaluate(subject, states, activation, ends)
                for case in cases:
                    taken = self._evaluate(case.guard, states, activation, ends)
                    self._into(ends, self._block(case.body, taken, activation))
                if not any(case.catches_all for case in cases):
                    _merge(ends, NORMAL, states)
                return ends
            case f.For(source=source, body=body, otherwise=otherwise):
                if not self._items_of(step, activation):
                    states = self._evaluate(source, states, activation, ends)
                states = self._iterated(source, states, activation, ends)
                return self._loop(step, None, body, otherwise, states, activation, ends)
            case f.While(test=test, body=body, otherwise=otherwise):
                return self._loop(step, test, body, otherwise, states, activation, ends)
            case f.With():
                return self._with(step, states, activation)
            case f.Try():
                return self._try(step, states, activation)
            case f.Assert(test=test):
                states = self._evaluate(test, states, activation, ends)
                failed = self._tested(test, states, activation, holds=False)
                self._fail(failed, "AssertionError", Site(activation.path, step.at), ends)
                states = self._tested(test, states, activation, holds=True)
                _merge(ends, NORMAL, states)
                return ends
            case f.Define():
                _merge(ends, NORMAL, states)
                return ends
            case f.Bind(targets=targets, value=value, operator=operator) if value is not None:
                states = self._evaluate(value, states, activation, ends)
                for target in targets:
                    if operator is not None:
                        states = self._evaluate(target, states, activation, ends)
                        if isinstance(target, f.Subscript) and self.raising.is_dict(
                            target, activation
                        ):
                            site = Site(activation.path, target.at)
                            self._fail(states, "KeyError", site, ends)
                        states = self._heard(target, states, activation)
                    else:
                        states = self._store(target, value, states, activation, ends)
                _merge(ends, NORMAL, states)
                return ends
            case _:
                for expression in f.expressions(step):
                    states = self._evaluate(expression, states, activation, ends)
                _merge(ends, NORMAL, states)
                return ends

    def _store(
        self, target: f.Expr, value: f.Expr, states: States, activation: Activation, ends: Ends
    ) -> States:
        """The states after an assignment: `a, b = text.split()` may get too many or too few."""
        if isinstance(target, f.Display) and isinstance(value, f.Call):
            function = value.function
            if isinstance(function, f.Attribute) and function.name in python.SPLITS:
                if not any(isinstance(item, f.Star) for item in target.items):
                    self._fail(states, "ValueError", Site(activation.path, value.at), ends)
        for part in f.parts(target):
            states = self._evaluate(part, states, activation, ends)
        return self._heard(target, states, activation)

    def _heard(self, target: f.Expr, states: States, activation: Activation) -> States:
        """The states after the machine has heard of an assignment."""
        if self._hears_stores:
            for leaf in f.leaves(target):
                stored: States = {}
                for state, why in states.items():
                    new = self.machine.stored(state, leaf, activation)  # type: ignore[arg-type]
                    stored.setdefault(new, why)
                states = stored
        return states

    def _into(self, ends: Ends, more: Ends) -> None:
        for way, states in more.items():
            _merge(ends, way, states)

    def _loop(
        self,
        step: f.For | f.While,
        test: f.Expr | None,
        body: f.Block,
        otherwise: f.Block,
        states: States,
        activation: Activation,
        ends: Ends,
    ) -> Ends:
        seen: States = {}
        after: States = {}
        endless = test is not None and self.program.truth(test, activation) is True
        turn = states
        first = True
        items = self._items_of(step, activation)
        while turn:
            _add(seen, turn)
            if items:
                turn = self._operate(items, turn, Site(activation.path, step.at), ends)
            if test is not None:
                turn = self._evaluate(test, turn, activation, ends)
                if (not first or self.machine.skips_loops) and not endless:
                    _add(after, self._tested(test, turn, activation, holds=False))
                turn = self._tested(test, turn, activation, holds=True)
            ran = self._block(body, turn, activation)
            turn = {}
            for way, left in ran.items():
                if way in (NORMAL, CONTINUE):
                    _add(turn, left)
                elif way == BREAK:
                    _merge(ends, NORMAL, left)
                else:
                    _merge(ends, way, left)
            if items:
                for item in items:
                    for state, why in turn.items():
                        for new in self.machine.ended(state, item):  # type: ignore[arg-type]
                            after.setdefault(new, why)
            elif test is None:
                _add(after, turn)
            elif not endless:
                checked = self._evaluate(test, turn, activation, ends)
                _add(after, self._tested(test, checked, activation, holds=False))
            turn = {state: why for state, why in turn.items() if state not in seen}
            first = False
        if after:
            self._into(ends, self._block(otherwise, after, activation))
        return ends

    def _items_of(self, step: f.For | f.While, activation: Activation) -> list[Operation]:
        """What each turn of `for item in iter(q.get, sentinel)` begins with."""
        if not isinstance(step, f.For):
            return []
        found = self.program.operations_at.get((activation, step.source.at), ())
        return [operation for operation in found if operation.is_iterated]

    def _with(self, step: f.With, states: States, activation: Activation) -> Ends:
        ends: Ends = {}
        swallows: list[Values | None] = []
        for manager, _ in step.items:
            states = self._evaluate(manager, states, activation, ends)
            states = self._entered(manager, states, activation, ends)
            states = self._call_members(manager.at, "__enter__", states, activation, ends)
            swallows.append(self.raising.swallowed(manager, activation))
        inner = self._block(step.body, states, activation)
        for manager, _ in reversed(step.items):
            outer: Ends = {}
            for way, left in inner.items():
                left = self._call_members(manager.at, "__exit__", left, activation, outer)
                _merge(outer, way, left)
            inner = outer
        inner = self._closed(step, inner, activation)
        for way, left in inner.items():
            if isinstance(way, Raised) and any(
                types is not None and catches(self.program, types, way.error) is not False
                for types in swallows
            ):
                way = NORMAL
            _merge(ends, way, left)
        return ends

    def _entered(
        self, manager: f.Expr, states: States, activation: Activation, ends: Ends
    ) -> States:
        """The states after the beginning of `with lock:`."""
        found = self.program.operations_at.get((activation, manager.at), ())
        entered = [operation for operation in found if operation.is_entered]
        if not entered:
            return states
        return self._operate(entered, states, Site(activation.path, manager.at), ends)

    def _closed(self, step: f.With, inner: Ends, activation: Activation) -> Ends:
        """The ways out of a `with` that closes followed objects on all of them."""
        operations = self.program.operations_at.get((activation, step.at), ())
        if not operations:
            return inner
        site = Site(activation.path, step.at)
        outer: Ends = {}
        for way, left in inner.items():
            _merge(outer, way, self._operate(operations, left, site, outer))
        return outer

    def _call_members(
        self, at: int, name: str, states: States, activation: Activation, ends: Ends
    ) -> States:
        for callee in self.program.callees_at.get((activation, at), ()):
            if callee.scope.name == name:
                states = self._run(callee, states, ends, Site(activation.path, at))
        return states

    def _try(self, step: f.Try, states: States, activation: Activation) -> Ends:
        body = self._block(step.body, states, activation)
        ends: Ends = {}
        normal = body.pop(NORMAL, {})
        if normal:
            self._into(ends, self._block(step.otherwise, normal, activation))
        for way, left in body.items():
            if isinstance(way, Raised):
                self._handle(step, way.error, left, activation, ends)
            else:
                _merge(ends, way, left)
        if not step.final:
            return ends
        through: Ends = {}
        for way, left in ends.items():
            if isinstance(way, Gone):
                _merge(through, way, left)
                continue
            after = self._block(step.final, _plain(left), activation)
            for final_way, states_after in after.items():
                if final_way != NORMAL:
                    self._overruled()
                    _merge(through, final_way, states_after)
                else:
                    kept = {state: _reason(state, left) for state in states_after}
                    _merge(through, way, kept)
        return through

    def _overruled(self) -> None:
        """A `finally` is left otherwise than by its end."""

    def _handle(
        self, step: f.Try, error: Error, states: States, activation: Activation, ends: Ends
    ) -> None:
        """Sends an exception through the handlers of a `try`."""
        escapes = True
        for handler in step.handlers:
            types = None
            if handler.type is not None:
                types = self.program.values(handler.type, activation)
            caught = True if types is None else catches(self.program, types, error)
            if caught is False:
                continue
            self._caught.append(error)
            self._into(ends, self._block(handler.body, states, activation))
            self._caught.pop()
            escapes = False  # where it only may catch, we are in doubt and follow the handler
            if caught:
                break
        if escapes:
            _merge(ends, Raised(error), states)

    # Expressions --------------------------------------------------------------------------------

    def _evaluate(
        self, expression: f.Expr | None, states: States, activation: Activation, ends: Ends
    ) -> States:
        """The states after an expression; the ways out of its calls are added to `ends`."""
        if expression is None or isinstance(expression, (f.Constant, f.Name, f.Lambda)):
            return states
        for part in f.parts(expression):
            states = self._evaluate(part, states, activation, ends)
            if not states:
                return states
        if isinstance(expression, f.Call):
            return self._call(expression, states, activation, ends)
        if isinstance(expression, f.Attribute):  # a property
            for callee in self.program.callees_at.get((activation, expression.at), ()):
                site = Site(activation.path, expression.at)
                states = self._run(callee, states, ends, site)
        elif isinstance(expression, f.Comprehension):
            for clause in expression.clauses:
                states = self._iterated(clause.source, states, activation, ends)
        elif isinstance(expression, f.Yield):
            given: States = {}
            for state, why in states.items():
                new = self.machine.paused(state, expression.at, activation)  # type: ignore[arg-type]
                given.setdefault(new, why)
            states = given
        elif isinstance(expression, f.Subscript) and self.raising.may_lack(expression, activation):
            self._fail(states, "LookupError", Site(activation.path, expression.at), ends)
        return states

    def _call(self, call: f.Call, states: States, activation: Activation, ends: Ends) -> States:
        program, at = self.program, call.at
        site = Site(activation.path, at)
        operations = [
            o for o in program.operations_at.get((activation, at), ()) if not o.is_entered
        ]
        callees = _called_here(call, program.callees_at.get((activation, at), ()))
        after: States = {}
        if operations:
            _add(after, self._operate(operations, states, site, ends))
        for callee in callees:
            if callee.scope.is_generator:
                _add(after, states)
            else:
                _add(after, self._run(callee, states, ends, site))
        for consumed in call.arguments:
            states = self._consumed(call, consumed.value, states, activation, ends)
        if program.launches_at.get((activation, at)):
            launched: States = {}
            for state, why in (after or states).items():
                for new in self.machine.launch(state, activation, at):  # type: ignore[arg-type]
                    launched.setdefault(new, why)
            after = launched
        elif not operations and not callees:
            after = dict(states)
            path = program.record.externals.get((activation, at))
            if path in HARD_EXITS:
                _merge(ends, Gone(), dict.fromkeys(states, Reason(site, USUAL)))
                return {}
            if path in SOFT_EXITS:
                self._fail(states, "SystemExit", site, ends)
                return {}
            for error, weight in self.raising.foreseen(call, path, activation):
                self._fail(after, error, site, ends, weight)
            if path is not None or (activation, at) in program.record.unknown:
                after = {}
                for state, why in states.items():
                    for new in self.machine.hidden(state, activation, at):  # type: ignore[arg-type]
                        after.setdefault(new, why)
                likely = self.raising.unforeseen(call, path, activation)
                if likely is not None:
                    self._fail(after, ANY, site, ends, likely)
        if self._hears_calls:
            heard: States = {}
            for state, why in after.items():
                new = self.machine.called(state, call, activation)  # type: ignore[arg-type]
                heard.setdefault(new, why)
            after = heard
        if program.record.made.get((activation, at)):
            made: States = {}
            for state, why in after.items():
                for new in self.machine.make(state, activation, at):  # type: ignore[arg-type]
                    made.setdefault(new, why)
            after = made
        return after

    def _operate(
        self, operations: Iterable[Operation], states: States, site: Site, ends: Ends
    ) -> States:
        after: States = {}
        for operation in self._own(operations):
            for error in operation.gives_up_with:
                self._fail(states, error, site, ends)
            if operation.does == "result" or operation.does == "call":
                self._fail(states, ANY, site, ends)
            for state, why in states.items():
                move = self.machine.operate if operation.sure else self.machine.unsure
                for new in move(state, operation):  # type: ignore[arg-type]
                    after.setdefault(new, why)
        return after

    def _own(self, operations: Iterable[Operation]) -> list[Operation]:
        """The operations of one place, without those on twins of the object that is followed: what
        the same expression makes in other calls of its function, this path has nothing to do with.
        """
        found = list(operations)
        own = [operation for operation in found if self.machine.follows(operation)]
        return [o for o in found if o in own or not any(_are_twins(o, other) for other in own)]

    def _consumed(
        self, call: f.Call, argument: f.Expr, states: States, activation: Activation, ends: Ends
    ) -> States:
        """`list(generator())`, `next(it)`: the call runs the generator."""
        if isinstance(call.function, f.Name) and call.function.id in _CONSUMERS:
            return self._iterated(argument, states, activation, ends)
        return states

    def _iterated(
        self, source: f.Expr, states: States, activation: Activation, ends: Ends
    ) -> States:
        """The states while a loop over the source turns: a generator's body runs in it."""
        site = Site(activation.path, source.at)
        for value in self.program.values(source, activation):
            if isinstance(value, Container) and value.shape == "generator":
                for generator in self.program.generators(value):
                    after = self._run(generator, states, ends, site)
                    states = dict(states)
                    _add(states, after)
            elif isinstance(value, Instance):
                for callee in self.program.callees_at.get((activation, source.at), ()):
                    if callee.scope.name in ("__iter__", "__next__"):
                        states = self._run(callee, states, ends, site)
        return states

    def _run(self, callee: Activation, states: States, ends: Ends, site: Site) -> States:
        """Runs a function that is called at `site`, in each state."""
        after: States = {}
        for state, why in states.items():
            found = self.ends(callee, state)  # type: ignore[arg-type]
            if not found:
                for unknown in self.machine.repeated(state):  # type: ignore[arg-type]
                    after.setdefault(unknown, why)
            for way, left in found.items():
                if why is not None:
                    left = dict.fromkeys(left, why)
                elif callee.path != site.path:  # what fails in another file, fails here
                    left = {
                        new: reason and Reason(site, reason.weight) for new, reason in left.items()
                    }
                if way == NORMAL:
                    _add(after, left)
                else:
                    _merge(ends, way, left)
        return after

    def _tested(
        self, test: f.Expr, states: States, activation: Activation, *, holds: bool
    ) -> States:
        if isinstance(test, f.Constant):
            constant = self.program.truth(test, activation)
        else:
            constant = self.program.exists(test, activation)
        if constant is not None and constant is not holds:
            return {}
        after: States = {}
        for state, why in states.items():
            new = self.machine.test(state, test, activation, holds)  # type: ignore[arg-type]
            if new is not None:
                after.setdefault(new, why)
        return after

    def _fail(
        self, states: States, error: Error, at: Site, ends: Ends, weight: int = USUAL
    ) -> None:
        failed: States = {}
        for state, why in states.items():
            new = self.machine.fail(state, error, at)  # type: ignore[arg-type]
            _add(failed, {new: why or Reason(at, weight)})
        if failed:
            _merge(ends, Raised(error), failed)


def _called_here(call: f.Call, callees: Iterable[Activation]) -> list[Activation]:
    """The functions that a call itself runs; what the `with` or the loop around it runs has the
    same place."""
    function = call.function
    name = function.name if isinstance(function, f.Attribute) else ""
    return [
        callee
        for callee in callees
        if callee.scope.name not in _CALLED_AROUND or callee.scope.name == name
    ]


def _are_twins(one: Operation, other: Operation) -> bool:
    """Whether two operations are the same one, on two objects that one expression makes."""
    a, b = one.receiver, other.receiver
    if not isinstance(a, Made) or not isinstance(b, Made) or one.name != other.name:
        return False
    return a.site == b.site and a.part == b.part


_CALLED_AROUND = frozenset({"__enter__", "__exit__", "__iter__", "__next__"})

_CONSUMERS = frozenset({"list", "tuple", "set", "sorted", "sum", "max", "min", "next", "dict"})


def _merge(ends: Ends, way: Way, states: States) -> None:
    if states:
        _add(ends.setdefault(way, {}), states)


def _add(into: States, states: States) -> None:
    for state, why in states.items():
        known = into.setdefault(state, why)
        if known is not None and why is not None and why.weight > known.weight:
            into[state] = why


def _plain(states: States) -> States:
    return dict.fromkeys(states)


def _reason(state: Hashable, before: States) -> Reason | None:
    """Why a way out was taken, after a `finally` has run."""
    if state in before:
        return before[state]
    return next((why for why in before.values() if why is not None), None)
