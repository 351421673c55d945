"""A change that a child makes for itself, and that its parent waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Module(self, node: cst.Module) -> None:
        for lost in self.model.inherited.lost_changes(self.model.path):
            worker = lost.worker.name
            related = [(lost.read, "the parent reads its own here, which nobody has changed")]
            related += [(site, f"`{worker}` is started here") for site in lost.worker.launched_at]
            self.report(lost.change.site, worker=worker, what=lost.what, related=related)


RULE = Rule(
    code="MPL310",
    name="child-state-expected-in-parent",
    kind="bug",
    summary="a child changes a variable, list or attribute, and the parent reads its own",
    message=(
        "`{worker}` runs in a process of its own and changes `{what}` there: the change is lost "
        "with the process, and the parent never sees it"
    ),
    help=(
        "Send it back: return it from a task of a pool, put it on a `multiprocessing.Queue`, or "
        "keep it in a `Value`, or in a dict or list of a `Manager`."
    ),
    visitor=Visitor,
    proof=Differs(),
    yields_to=("MPL101", "MPL128", "MPL502", "MPL503"),
)
