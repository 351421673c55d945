"""What has happened by the time that an operation is reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.outline import Around, Outline
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program
    from mplint.model.values import Activation


class Reached(Machine[bool]):
    """Which operations are reached before or after one of some others: `seen` holds the answers of
    all paths."""

    def __init__(self, others: Collection[Operation]) -> None:
        self.others = others
        self.seen: dict[Operation, set[bool]] = defaultdict(set)

    def operate(self, state: bool, operation: Operation) -> Iterable[bool]:
        self.seen[operation].add(state)
        return (state or operation in self.others,)

    def unsure(self, state: bool, operation: Operation) -> Iterable[bool]:
        return self.operate(state, operation)


class Sequence:
    """What comes first, over one program. Each function is run through once for all that may come
    before some others in it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._reached: dict[tuple[frozenset[Operation], Activation], Reached] = {}

    def is_first(self, first: Operation, others: Iterable[Operation], root: Activation) -> bool:
        """Whether, in all runs of a function that come so far, an operation is reached before any
        of some others."""
        key = (frozenset(others), root)
        reached = self._reached.get(key)
        if reached is None:
            reached = Reached(key[0])
            Flow(self.program, reached).ends(root, False)
            self._reached[key] = reached
        return reached.seen.get(first) == {False}


# Inside one function ------------------------------------------------------------------------------


def comes_after(outline: Outline, later: int, earlier: int) -> bool:
    """Whether a place is always reached after another one, in the same turn of all loops that are
    around it."""
    before, after = list(outline.around(earlier)), list(outline.around(later))
    tried = {frame.node.at for frame in before if isinstance(frame.node, f.Try)}
    if any(frame.part == "handler" and frame.node.at in tried for frame in after):
        return False
    inside = any(frame.node.at == earlier for frame in after)
    needed = [frame for frame in before if _decides(frame)]
    return later > earlier and not inside and all(frame in after for frame in needed)


def _decides(frame: Around) -> bool:
    """Whether what is after something may be reached without what is in it."""
    if isinstance(frame.node, f.Try):
        return frame.part not in ("body", "final")
    return isinstance(frame.node, (f.Branch, f.Match, f.For, f.While))


def is_meant_to_fail(outline: Outline, at: int) -> bool:
    """Whether a test expects an exception here: `with self.assertRaises(…)`, `with raises(…)`."""
    for frame in outline.around(at):
        if isinstance(frame.node, f.With) and frame.part == "body":
            for manager, _ in frame.node.items:
                function = manager.function if isinstance(manager, f.Call) else manager
                name = function.name if isinstance(function, f.Attribute) else ""
                if isinstance(function, f.Name):
                    name = function.id
                if name in ("assertRaises", "assertRaisesRegex", "raises"):
                    return True
    return False
