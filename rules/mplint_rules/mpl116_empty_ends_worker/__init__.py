"""A worker that ends by queue.Empty as soon as there is nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("get")
    def check(self, node: cst.Call, get: Operation) -> None:
        worker = self.model.ending.ended_by_empty(get)
        if worker is None:
            return
        related = [(site, f"`{worker.name}` is started here") for site in worker.launched_at]
        self.report(node, call=get.text, worker=worker.name, related=related)


RULE = Rule(
    code="MPL116",
    name="empty-ends-worker",
    kind="bug",
    summary="a worker's loop does not handle `queue.Empty`, and ends at the first pause",
    message=(
        "`{call}` raises `queue.Empty` when nothing is there at the moment, and nothing in "
        "`{worker}` catches it: the process ends at the first pause"
    ),
    help=(
        "Catch `queue.Empty` and go on with the loop, or wait by `get()` without a timeout, and "
        "stop at a sentinel."
    ),
    visitor=Visitor,
    proof=Raises("Empty"),
    yields_to=("MPL115",),
)
