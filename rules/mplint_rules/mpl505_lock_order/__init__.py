"""Two locks that are taken in one order here and in the other order elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        self._check(node)

    def visit_With(self, node: cst.With) -> None:
        self._check(node)

    def _check(self, node: cst.Call | cst.With) -> None:
        for acquire in self.model.acquires(node):
            found = self.model.locks.opposite(acquire)
            if found is None:
                continue
            related = [
                (acquire.site, "the first lock is taken here"),
                (found.other_first.site, "another process takes the second one first, here"),
                (found.other_second.site, "and then waits here for the first one"),
            ]
            self.report(
                found.at,
                first=acquire.receiver_text,
                second=found.second.receiver_text,
                related=related,
            )
            return


RULE = Rule(
    code="MPL505",
    name="lock-order",
    kind="bug",
    summary="two processes take two locks in opposite orders, and can wait for each other",
    message=(
        "this takes `{second}` while `{first}` is held, and another process takes them the other "
        "way round: when each of them has one, both wait for ever"
    ),
    help="Take the locks in the same order everywhere, or use one lock for both.",
    visitor=Visitor,
    proof=Hangs("__enter__"),
    subjects=("lock", "condition", "value"),
)
