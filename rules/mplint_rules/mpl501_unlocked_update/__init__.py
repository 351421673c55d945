"""A shared value that several processes change without a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._check(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        self._check(node)

    def _check(self, node: cst.Assign | cst.AugAssign) -> None:
        for unlocked in self.model.unlocked_updates(node):
            update, worker = unlocked.update, unlocked.worker
            related = [(site, f"`{worker.name}` is started here") for site in worker.launched_at]
            who = f"several processes run `{worker.name}`"
            if unlocked.other is not None:
                related.insert(0, (unlocked.other.site, "another process changes it here"))
                who = f"`{worker.name}` is not the only process that changes it"
            related.append((update.made.site, f"{update.made.kind.noun} is made here"))
            self.report(node, target=unlocked.written, who=who, lock=unlocked.lock, related=related)
            return


RULE = Rule(
    code="MPL501",
    name="unlocked-update",
    kind="bug",
    summary="a shared value is read, changed and written without a lock by several processes",
    message=(
        "this reads `{target}`, changes it and writes it back, and {who}: where two do so at the "
        "same time, what one of them has written is lost"
    ),
    help="Hold one lock from the read to the write: {lock}.",
    visitor=Visitor,
    proof=Differs(),
    subjects=("value", "memory", "proxy"),
)
