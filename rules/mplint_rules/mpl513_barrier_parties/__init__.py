"""A barrier that never opens: not as many come as it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("wait")
    def check(self, node: cst.Call, wait: Operation) -> None:
        stuck = self.model.signals.arrivals.stuck(wait)
        if stuck is None:
            return
        related = [(stuck.barrier.site, "the barrier is made here")]
        failure = stuck.failure
        if failure is not None:
            name = failure.worker.name
            related.insert(0, (failure.at, f"{failure.what} here ends one of `{name}` before"))
            starts = failure.worker.launched_at
            related += [(site, f"`{name}` is started here") for site in starts]
        self.report(node, call=wait.text, why=stuck.why, cure=stuck.cure, related=related)


RULE = Rule(
    code="MPL513",
    name="barrier-parties",
    kind="bug",
    summary="a barrier waits for more processes than come to it, or for one that can fail before",
    message="`{call}` waits for ever: {why}",
    help="{cure}",
    visitor=Visitor,
    proof=Hangs("wait"),
)
