"""Long blocks, of which most concerns a machine not at all.

A machine that tells the fate of one object is run over a whole function, and there are functions
with hundreds of objects. What the statements between do is worked out once for all machines of a
kind, and again for two, four, eight … of them in a row, so that a machine steps over them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.paths.flow import MAX_DEPTH, Flow
from mplint.model.paths.machine import (
    NORMAL,
    Ends,
    Gone,
    Machine,
    Place,
    Reason,
    State,
    States,
    Way,
)
from mplint.model.values import Activation, Container

if TYPE_CHECKING:
    from mplint.model.program import Program

LONG = 12
"""Shorter blocks are not worth the trouble."""

_Reasons = tuple["Reason | None", "Reason | None"]
"""Of several ways to one state in one order: why the first one is taken, and the likeliest why of
those that have one."""

_Blocks = dict[tuple[Activation, int], list[int]]
"""By block, as the id of what an activation holds, the numbers of some of its steps."""


class Passage(Struct, frozen=True):
    """Some steps in a row, begun in a state without a failure before: whether their end is reached,
    which is in the same state, and on which ways they can be left."""

    passes: bool
    why: Reason | None
    ends: dict[Way, dict[Hashable, _Reasons]]
    overrules: bool
    """Whether they can give up what was raised before them for something else."""

    def then(self, other: Passage) -> Passage:
        """These steps, and others after them."""
        if not self.passes:
            return self
        ends = {way: dict(states) for way, states in self.ends.items()}
        for way, states in other.ends.items():
            into = ends.setdefault(way, {})
            for state, (first, likeliest) in states.items():
                if self.why is not None:
                    first = likeliest = self.why
                known = into.get(state)
                if known is not None:
                    first, likeliest = known[0], _likelier(known[1], likeliest)
                into[state] = first, likeliest
        why = other.why if self.why is None else self.why
        overrules = self.overrules or other.overrules
        return Passage(other.passes, why if other.passes else None, ends, overrules)

    def add_to(self, ends: Ends, begun: Hashable, alike: Hashable, why: Reason | None) -> None:
        """Adds the ways out, where the steps are begun in a state that the passage's own stands
        for, after a failure or none."""
        for way, states in self.ends.items():
            into = ends.setdefault(way, {})
            for state, (first, likeliest) in states.items():
                state = begun if state == alike else state
                if why is not None:
                    first = likeliest = why
                if state not in into:
                    into[state] = first if first is None else likeliest
                elif into[state] is not None:
                    into[state] = _likelier(into[state], likeliest)


def _likelier(one: Reason | None, other: Reason | None) -> Reason | None:
    if one is None:
        return other
    return other if other is not None and other.weight > one.weight else one


class _Elsewhere(Flow[Any]):
    """What the steps that do not concern a machine do to its states."""

    def __init__(self, program: Program, machine: Machine[Any]) -> None:
        super().__init__(program, machine)
        self._passages: dict[tuple[Activation, Hashable, int, int, int], Passage | None] = {}
        self._unsure: set[tuple[Activation, Hashable]] = set()
        self._is_unsure = self._overrules = False

    def passage(
        self, block: f.Block, begin: int, end: int, state: Hashable, activation: Activation
    ) -> tuple[Passage | None, int]:
        """What some steps of a block do, from the first on as many as are a power of two, and as
        are known; and where these end."""
        size = begin & -begin or 1 << len(block).bit_length()
        while size > 1:
            if begin + size <= end:
                found = self._range(block, begin, size, state, activation)
                if found is not None:
                    return found, begin + size
            size //= 2
        return self._range(block, begin, 1, state, activation), begin + 1

    def _range(
        self, block: f.Block, begin: int, size: int, state: Hashable, activation: Activation
    ) -> Passage | None:
        key = (activation, state, id(block), begin, size)
        if key in self._passages:
            return self._passages[key]
        found: Passage | None
        if size == 1:
            found = self._passage(block[begin], state, activation)
        else:
            half = size // 2
            found = self._range(block, begin, half, state, activation)
            if found is not None and found.passes:
                after = self._range(block, begin + half, half, state, activation)
                if after is None or (after.overrules and found.why is not None):
                    found = None
                else:
                    found = found.then(after)
        self._passages[key] = found
        return found

    def _passage(self, step: f.Step, state: Hashable, activation: Activation) -> Passage | None:
        """What one step does; None where that is not to be told so."""
        self._is_unsure = self._overrules = False
        ends = self.ways_out(step, activation, state)
        if self._is_unsure:
            return None
        normal = ends.pop(NORMAL, {})
        if set(normal) - {state}:
            return None
        found = {
            way: {new: (why, why) for new, why in states.items()} for way, states in ends.items()
        }
        overrules = self._overrules or any(isinstance(way, Gone) for way in ends)
        return Passage(state in normal, normal.get(state), found, overrules)

    def ends(self, activation: Activation, state: Hashable) -> Ends:
        key = (activation, state)
        unsure, overrules = self._is_unsure, self._overrules
        self._is_unsure = False
        found = super().ends(activation, state)
        if self._is_unsure:
            self._unsure.add(key)
        self._is_unsure = unsure or key in self._unsure
        self._overrules = overrules  # a call gives up nothing that was raised before it
        return found

    def _overruled(self) -> None:
        self._overrules = True

    def _iterated(
        self, source: f.Expr, states: States, activation: Activation, ends: Ends
    ) -> States:
        for value in self.program.values(source, activation):
            if isinstance(value, Container) and value.shape == "generator":
                self._is_unsure = True  # it was made elsewhere, and may lead anywhere
        return super()._iterated(source, states, activation, ends)


class Passing(Flow[State]):
    """A Flow that steps over what does not concern its machine: see `Machine.concerns`."""

    def __init__(self, program: Program, machine: Machine[State]) -> None:
        super().__init__(program, machine)
        self._blocks: dict[frozenset[Place], _Blocks | None] = {}
        key, elsewhere = machine.elsewhere()
        if key not in program.passed:
            program.passed[key] = _Elsewhere(program, elsewhere)
        self._elsewhere: _Elsewhere = program.passed[key]

    def _block(self, block: f.Block, states: States, activation: Activation) -> Ends:
        depth = self.program.call_depth(activation) if len(block) >= LONG else 0
        if len(block) < LONG or self._caught or self._depth + depth > MAX_DEPTH:
            return super()._block(block, states, activation)
        ends: Ends = {}
        index = 0
        while states and index < len(block):
            end = self._unconcerned(block, index, states, activation)
            if end - index > 1:
                (state, why), *_ = states.items()
                alike: Hashable = self.machine.alike(state)  # type: ignore[arg-type]
                passage, after = self._elsewhere.passage(block, index, end, alike, activation)
                if passage is not None and not (passage.overrules and why is not None):
                    passage.add_to(ends, state, alike, why)
                    states = {state: why or passage.why} if passage.passes else {}
                    index = after
                    continue
            left = self._step(block[index], states, activation)
            states = left.pop(NORMAL, {})
            self._into(ends, left)
            index += 1
        if states:
            self._into(ends, {NORMAL: states})
        return ends

    def _unconcerned(
        self, block: f.Block, index: int, states: States, activation: Activation
    ) -> int:
        """The next step of a block that may concern the machine."""
        if len(states) > 1:
            return index  # several can become one, and then their order matters
        (state,) = states
        places = self.machine.concerns(state)  # type: ignore[arg-type]
        if places is None:
            return index
        if places not in self._blocks:
            self._blocks[places] = self._find_blocks(places)
        blocks = self._blocks[places]
        if blocks is None:
            return index
        steps = blocks.get((activation, id(block)), ())
        at = bisect_left(steps, index)
        return steps[at] if at < len(steps) else len(block)

    def _find_blocks(self, places: frozenset[Place]) -> _Blocks | None:
        """The steps that contain some places, or lead there; None where that is not known."""
        found: dict[tuple[Activation, int], set[int]] = {}
        for place in places:
            for activation, at in self.program.places_above(place):
                steps = list(self.program.outline(activation).block_positions(at))
                if not steps:
                    return None
                for block, index in steps:
                    found.setdefault((activation, block), set()).add(index)
        return {key: sorted(numbers) for key, numbers in found.items()}
