"""Items that a process has put, and drops as it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        lost = self.model.unflushed(node)
        if lost is None:
            return
        related = [
            (lost.put.site, "the items are put here, and a background thread writes them out"),
            (lost.get.site, "they are waited for here"),
        ]
        self.report(node, call=lost.call, put=lost.put.text, related=related)


RULE = Rule(
    code="MPL118",
    name="put-then-hard-exit",
    kind="bug",
    summary="a process puts items and ends in a way that drops them",
    message="`{call}` drops what `{put}` has not written out yet, and its reader never gets it",
    help="Let the process end by itself, or write it all out before: `close()`, `join_thread()`.",
    visitor=Visitor,
    proof=Differs(),
    subjects=("queue", "connection"),
)
