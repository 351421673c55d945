"""A sentinel that is not sent when something fails before it: the program never ends."""

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
        unfinished = self.model.ending.unfinished(put)
        if unfinished is None:
            return
        consumer = unfinished.consumer
        worker = consumer.worker.name
        related = [
            (unfinished.at, "an error here skips the sentinel"),
            (unfinished.start.site, f"`{worker}` is started here, and is no daemon"),
            (consumer.get.site, f"`{worker}` then waits here for ever"),
            (consumer.channel.site, f"{consumer.channel.kind.noun} is made here"),
        ]
        self.report(node, call=put.text, worker=worker, related=related)


RULE = Rule(
    code="MPL106",
    name="sentinel-skipped-on-error",
    kind="bug",
    summary="an error in the parent skips the sentinel, and the program never ends",
    message=(
        "`{call}` tells `{worker}` to stop, and is skipped when something before it fails: "
        "`{worker}` then waits for ever, and the program waits for `{worker}` at its end"
    ),
    help="Put the sentinel in a `finally` that begins where the process is started.",
    visitor=Visitor,
    proof=Hangs("get"),
)
