"""A loop that puts numbered items back into order, and drops all after one that is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Comparison(self, node: cst.Comparison) -> None:
        for gap in self.model.lost_numbers(node):
            worker = gap.failure.worker.name
            related = [
                (gap.failure.at, f"{gap.failure.what} here, and `{worker}` does not send the item"),
                (gap.put.site, "it would be sent here"),
                (gap.kept, "all later ones are kept here"),
                (gap.end, "and here the loop ends without them"),
            ]
            self.report(
                node, worker=worker, consumer=gap.consumer, buffer=gap.buffer, related=related
            )
            return


RULE = Rule(
    code="MPL131",
    name="gap-drops-the-rest",
    kind="bug",
    summary="numbered items are put back into order, and all after one that is lost are dropped",
    message=(
        "{consumer} goes by the numbers of the items, and one that fails in `{worker}` never "
        "comes: all later ones stay in `{buffer}` and are dropped at the end"
    ),
    help=(
        "Let `{worker}` send something for every number, also for an item that fails, in a handler "
        "for `Exception`; and raise an error when `{buffer}` is not empty at the end."
    ),
    visitor=Visitor,
    proof=Differs(),
    yields_to=("MPL401",),
    subjects=("queue", "connection"),
)
