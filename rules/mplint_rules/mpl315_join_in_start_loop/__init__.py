"""A process is joined in the loop turn that has started it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("join")
    def check(self, node: cst.Call, join: Operation) -> None:
        found = self.model.joining.serial(join)
        if found is not None:
            related = [
                (found.start.site, "the next process is started here, in the next turn"),
                (found.why, "several of them are meant to run at a time"),
            ]
            self.report(node, call=join.text, related=related)
            return


RULE = Rule(
    code="MPL315",
    name="join-in-start-loop",
    kind="bug",
    summary="each process is joined before the next one is started",
    message=(
        "`{call}` waits for the process that this turn of the loop has started before the next one "
        "is started: they run one after another, never side by side"
    ),
    help="Start all of them in one loop, and join them in a second loop after it.",
    visitor=Visitor,
    proof=Hangs("join"),
)
