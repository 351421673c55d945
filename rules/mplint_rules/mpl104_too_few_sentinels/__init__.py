"""Fewer sentinels than consumers: the others wait for ever."""

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
        shortage = self.model.sentinels.shortage(put)
        if shortage is None:
            return
        consumer = shortage.consumer
        sent, count = shortage.sent, shortage.needed
        self.report(
            node,
            sent="one sentinel" if sent == "one" else f"{sent} sentinels",
            count=count if count.isdigit() else f"`{count}`",
            worker=consumer.worker.name,
            related=[
                *((site, "the consumers are started here") for site in consumer.worker.launched_at),
                (consumer.get.site, "each of them takes one sentinel here and ends"),
                (consumer.channel.site, f"{consumer.channel.kind.noun} is made here"),
            ],
        )


RULE = Rule(
    code="MPL104",
    name="too-few-sentinels",
    kind="bug",
    summary="fewer sentinels are put than there are consumers that wait for one",
    message=(
        "{sent} for {count} processes of `{worker}`: each takes one and ends, the others wait for "
        "ever, and the program waits for them"
    ),
    help="Put one sentinel per consumer: `for _ in processes: queue.put(None)`.",
    visitor=Visitor,
    proof=Hangs("join"),
)
