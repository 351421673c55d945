"""A task returns something that cannot be sent back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Return(self, node: cst.Return) -> None:
        at = self.model.number(node)
        for activation in self.model.activations(node):
            lost = self.model.exceptions.lost_result(at, activation) if at is not None else None
            if lost is None:
                continue
            related = [(lost.task, "the task is given here")]
            if lost.obstacle.made is not None and lost.obstacle.made != lost.obstacle.at:
                related.append((lost.obstacle.made, "it is made here"))
            self.report(
                lost.obstacle.at, what=lost.obstacle.what, effect=lost.effect, related=related
            )
            return


RULE = Rule(
    code="MPL207",
    name="unpicklable-result",
    kind="bug",
    summary="a task of a pool or executor returns something that cannot be pickled",
    message="what a task returns is pickled, and {what} cannot be: {effect}",
    help="Return plain data: the contents of the file, a list in the place of a generator.",
    visitor=Visitor,
    proof=Raises("MaybeEncodingError", "cannot pickle"),
)
