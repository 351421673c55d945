"""Two processes send to each other before either of them receives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("put")
    def check(self, node: cst.Call, put: Operation) -> None:
        found = self.model.pipes.meeting(put)
        if found is None:
            return
        self.report(
            node,
            call=put.text,
            worker=found.worker.name,
            other=found.other.text,
            late=found.late.text,
            related=[
                (found.other.site, f"`{found.worker.name}` sends here, and receives later"),
                (found.late.site, "this side receives only here"),
                (found.channel.site, "the channel is made here"),
            ],
        )


RULE = Rule(
    code="MPL126",
    name="pipe-both-send-first",
    kind="bug",
    summary="both sides of a pipe send before either of them receives",
    message=(
        "`{call}` waits until `{worker}` receives, which waits in its own `{other}` until this "
        "side comes to `{late}`: a pipe holds little, and with more than that in both directions "
        "both wait for ever"
    ),
    help="Let one of the two sides receive first, and answer after that.",
    visitor=Visitor,
    proof=Hangs("send"),
)
