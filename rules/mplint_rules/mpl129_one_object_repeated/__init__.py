"""`[Queue()] * n`: many names for one queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_BinaryOperation(self, node: cst.BinaryOperation) -> None:
        self._check(node)

    def visit_Call(self, node: cst.Call) -> None:
        self._check(node)

    def _check(self, node: cst.BinaryOperation | cst.Call) -> None:
        for repeated in self.model.repeated(node):
            related = [(repeated.made, f"the {repeated.noun} is made here, once")]
            self.report(
                node,
                noun=repeated.noun,
                times=repeated.times,
                cure=repeated.cure,
                related=related,
            )
            return


RULE = Rule(
    code="MPL129",
    name="one-object-repeated",
    kind="bug",
    summary="one queue, lock or process is repeated, where several were meant",
    message="only one {noun} is made here, and {times} is a name for it",
    help="Make one for each: `{cure}`.",
    visitor=Visitor,
    proof=Differs(),
)
