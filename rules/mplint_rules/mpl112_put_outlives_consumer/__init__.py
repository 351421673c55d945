"""A put on a full queue whose consumers have ended, wait themselves, or are not started."""

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
        stuck = self.model.bounded.stuck(put)
        if stuck is None:
            return
        related = [(stuck.channel.site, "the queue is made here")]
        if stuck.failure is not None:
            related.insert(0, (stuck.failure.at, f"{stuck.failure.what} here ends the consumer"))
        if stuck.full is not None:
            related.insert(0, (stuck.full.site, "the consumer waits here, for room as well"))
        if stuck.own is not None:
            related.insert(0, (stuck.own.site, "it is taken out only here"))
        if stuck.started is not None:
            related.insert(0, (stuck.started.site, "the consumer is started only here"))
        if stuck.worker is not None and stuck.started is None:
            starts = stuck.worker.launched_at
            related += [(site, f"`{stuck.worker.name}` is started here") for site in starts]
        held = stuck.held
        self.report(
            node if held is None else held.site,
            waits=f"`{put.text}` waits" if held is None else f"this loop asks `{held.asked}`",
            once=stuck.once,
            why=stuck.why,
            cure=stuck.cure,
            related=related,
        )


RULE = Rule(
    code="MPL112",
    name="put-outlives-consumer",
    kind="bug",
    summary="a put waits for room in a bounded queue that nobody can empty",
    message="{waits} for ever {once}: {why}",
    help="{cure}",
    visitor=Visitor,
    proof=Hangs("put"),
)
