"""A loop starts many processes by one variable, and only the last of them is joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("join")
    def check(self, node: cst.Call, join: Operation) -> None:
        found = self.model.joining.only_last(join)
        if found is not None:
            related = [(found.start.site, "every turn of this loop starts a process")]
            self.report(node, call=join.text, variable=found.variable, related=related)
            return


RULE = Rule(
    code="MPL316",
    name="only-last-joined",
    kind="bug",
    summary="of the processes that a loop has started, only the last one is joined",
    message=(
        "`{call}` waits only for the process that the last turn has started: `{variable}` held the "
        "others as well, and nobody waits for them"
    ),
    help="Collect the processes in a list, and join every one of them.",
    visitor=Visitor,
    proof=Differs(),
)
