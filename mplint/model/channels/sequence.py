"""What has happened by the time that an operation is reached."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.flow import Flow, Machine
from mplint.model.outline import Around, Outline

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.program import Program
    from mplint.model.values import Activation


class Reached(Machine[bool]):
    """Whether an operation is reached before or after one of some others: `seen` holds the answers
    of all paths."""

    def __init__(self, first: Operation, others: Collection[Operation]) -> None:
        self.first = first
        self.others = others
        self.seen: set[bool] = set()

    def operate(self, state: bool, operation: Operation) -> Iterable[bool]:
        if operation is self.first:
            self.seen.add(state)
        return (state or operation in self.others,)

    def unsure(self, state: bool, operation: Operation) -> Iterable[bool]:
        return self.operate(state, operation)


def is_first(
    program: Program, first: Operation, others: Collection[Operation], root: Activation
) -> bool:
    """Whether, in all runs of a function that come so far, an operation is reached before any of
    some others."""
    machine = Reached(first, others)
    Flow(program, machine).ends(root, False)
    return machine.seen == {False}


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
