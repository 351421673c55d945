"""Whether all those come to a barrier for whom it waits."""

from __future__ import annotations

from collections import Counter as Sum
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.failing import Failure
from mplint.model.nouns import MAIN, Worker
from mplint.model.paths.counts import ONE, Count, Symbol
from mplint.model.state.everywhere import Everywhere
from mplint.model.values import Activation, Literal, Made

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Runner
    from mplint.model.program import Program

MAX_DEPTH = 8


class Stuck(Struct, frozen=True):
    """A wait at a barrier that never opens: it waits for `parties` and only `arrivals` come, or too
    many for the last ones to find company; or one of them can end before, by `failure`."""

    barrier: Made
    parties: str = ""
    arrivals: str = ""
    missing: int = 0
    failure: Failure | None = None

    @property
    def why(self) -> str:
        """Why it never opens, in words."""
        if self.failure is not None:
            return (
                f"`{self.failure.worker.name}` can end by an error before it comes to the barrier"
            )
        if "…" in self.parties + self.arrivals:
            more = "more" if self.missing > 0 else "fewer"
            return f"the barrier opens for {abs(self.missing)} {more} than come to it"
        return f"the barrier opens for {self.parties} at a time, and {self.arrivals} come to it"

    @property
    def cure(self) -> str:
        """What to do about it, in words."""
        if self.failure is not None:
            return (
                "Call `abort()` in a handler, or wait with `timeout=`: the others then get a "
                "`BrokenBarrierError`."
            )
        return "Make the barrier for as many processes as call `wait()`, the parent included."


class Arrivals:
    """The questions about barriers, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.everywhere = Everywhere(program)
        self._first_told: dict[Made, Operation | None] = {}

    def stuck(self, wait: Operation) -> Stuck | None:
        """For a wait at a barrier that waits for ever: how the others can fail to come."""
        program = self.program
        barrier = program.signals.awaited(wait, "barrier")
        if barrier is None:
            return None
        if barrier not in self._first_told:
            self._first_told[barrier] = self._first(barrier)
        first = self._first_told[barrier]
        if first is None or first.site != wait.site:
            return None  # one finding for all who wait
        waits = program.signals.operations(barrier, "wait")
        return self._mismatch(barrier, waits) or self._missing(barrier, waits)

    def _first(self, barrier: Made) -> Operation | None:
        """The first wait at a barrier that waits for ever, where all of them are seen."""
        program = self.program
        if not program.sight.is_seen_whole(barrier) or self._is_timed(barrier):
            return None
        waits = program.signals.operations(barrier, "wait")
        if len(waits) < len(program.on[barrier]):
            return None  # somebody breaks it, or looks who is there
        if not all(other.waits_for_ever and other.launch is None for other in waits):
            return None
        if any(program.threads.of(other.activation) for other in waits):
            return None
        return next((o for o in waits if program.signals.awaited(o, "barrier")), None)

    def _is_timed(self, barrier: Made) -> bool:
        given = self.program.solver.cells.get((barrier, "timeout"), frozenset())
        return any(not isinstance(v, Literal) or v.value is not None for v in given)

    # How many -----------------------------------------------------------------------------------

    def _mismatch(self, barrier: Made, waits: list[Operation]) -> Stuck | None:
        parties = self._parties(barrier)
        runners = list(dict.fromkeys(runner for wait in waits for runner in wait.runners))
        if parties is None or not runners:
            return None
        at_most = self._processes(runners, barrier, at_most=True)
        if at_most is not None:
            missing = _difference(parties, at_most)
            if missing is not None and missing > 0:
                return Stuck(barrier, _text(parties), _text(at_most), missing)
        certain = self._processes(runners, barrier, at_most=False)
        if certain is None or not self._comes_once(barrier, waits, runners):
            return None
        missing = _difference(parties, certain)
        if missing is None or missing >= 0:
            return None
        numbers = _number(parties), _number(certain)
        if numbers[0] is not None and numbers[1] is not None and numbers[0] > 0:
            if numbers[1] % numbers[0] == 0:
                return None
        return Stuck(barrier, _text(parties), _text(certain), missing)

    def _parties(self, barrier: Made) -> list[Count] | None:
        for activation, at in self.program.made.get(barrier, ()):
            call = self.program.outline(activation).expressions.get(at)
            if isinstance(call, f.Call):
                for index, argument in enumerate(call.arguments):
                    if argument.keyword == "parties" or (index == 0 and not argument.keyword):
                        return None if argument.star else self._sum(argument.value, activation)
        return None

    def _sum(
        self, expression: f.Expr, activation: Activation, depth: int = 0
    ) -> list[Count] | None:
        """A number as a sum of counts."""
        counter = self.program.counter
        if isinstance(expression, f.Binary) and set(expression.operators) <= {"+", "-"}:
            found: list[Count] = []
            signs = ("+", *expression.operators)
            for sign, operand in zip(signs, expression.operands, strict=True):
                inner = self._sum(operand, activation, depth + 1)
                if inner is None:
                    return None
                factor = -1 if sign == "-" else 1
                found += [Count(factor * c.number, c.symbols, c.text) for c in inner]
            return found
        if isinstance(expression, f.Name) and depth < MAX_DEPTH:
            followed = counter.definition(expression, activation)
            if followed is not None and isinstance(followed[0], (f.Binary, f.Name)):
                return self._sum(*followed, depth + 1)
        count = counter.number(expression, activation)
        return None if count is None else [count]

    def _processes(
        self, runners: list[Runner], barrier: Made, *, at_most: bool
    ) -> list[Count] | None:
        """How many processes come to a barrier."""
        found = []
        for runner in runners:
            if not isinstance(runner, Worker):
                found.append(ONE)
                continue
            if runner.in_pool or self.program.waiting.is_spawned(runner):
                return None
            for edge in runner.edges:
                count = self.program.amounts.started(edge, barrier, at_most=at_most)
                if count is None:
                    return None
                found.append(count)
        return found

    def _comes_once(self, barrier: Made, waits: list[Operation], runners: list[Runner]) -> bool:
        """Whether each process comes to the barrier exactly once."""
        for runner in runners:
            own = [wait for wait in waits if runner in wait.runners]
            if len(own) != 1:
                return False
            (wait,) = own
            if self.everywhere.depends(wait.activation, wait.at):
                return False
            if runner == MAIN:
                if self.program.amounts.turns(wait, barrier) != ONE:
                    return False
            elif self.program.outline(wait.activation).loops(wait.at):
                return False
        return True

    # Who fails before ---------------------------------------------------------------------------

    def _missing(self, barrier: Made, waits: list[Operation]) -> Stuck | None:
        waiting = self.program.waiting
        runners = {runner for wait in waits for runner in wait.runners}
        for worker in self.program.processes:
            if worker not in runners or waiting.reports_errors(worker):
                continue
            if len(runners) == 1 and not self.everywhere.is_several(worker):
                continue
            if waiting.acts_on_failure(worker, waits) or self._is_watched(worker):
                continue
            failure = self.program.failing.end_without(worker, barrier, "wait", waits)
            if failure is not None:
                return Stuck(barrier, failure=failure)
        return None

    def _is_watched(self, worker: Worker) -> bool:
        """Whether somebody looks whether the processes live."""
        return bool(worker.operations("alive", "kill")) or bool(self.program.record.looks)


def _terms(counts: list[Count]) -> Sum[tuple[Symbol, ...]]:
    found: Sum[tuple[Symbol, ...]] = Sum()
    for count in counts:
        found[count.symbols] += count.number
    return found


def _difference(left: list[Count], right: list[Count]) -> int | None:
    """By how much one sum is greater than another; None where that is not known."""
    difference = _terms(left)
    difference.subtract(_terms(right))
    rest = {symbols: number for symbols, number in difference.items() if number}
    return rest.get((), 0) if set(rest) <= {()} else None


def _number(counts: list[Count]) -> int | None:
    terms = _terms(counts)
    return terms[()] if set(terms) <= {()} else None


def _text(counts: list[Count]) -> str:
    """A sum as the reader knows it: `n + 1`."""
    number = _number(counts)
    if number is not None:
        return str(number)
    plain = sum(count.number for count in counts if not count.symbols)
    texts = [str(count) for count in counts if count.symbols]
    return " + ".join([*texts, *([str(plain)] if plain else [])]).replace("+ -", "- ")
