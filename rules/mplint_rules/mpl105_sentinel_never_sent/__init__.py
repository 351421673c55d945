"""Consumers that only a sentinel ends, and nobody sends it, or too late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("join")
    def check_join(self, node: cst.Call, join: Operation) -> None:
        unsent = self.model.sentinels.unsent(join)
        if unsent is None:
            return
        consumer = unsent.consumer
        when = "put only after this" if unsent.late is not None else "never put"
        related = [(consumer.get.site, f"`{consumer.worker.name}` waits for the sentinel here")]
        if consumer.test != consumer.get.site:
            related.append((consumer.test, "nothing but this test ends its loop"))
        if unsent.late is not None:
            related.append((unsent.late.site, "the sentinel is put here, too late"))
        related.append((consumer.channel.site, f"{consumer.channel.kind.noun} is made here"))
        waits = f"`{join.text}` waits for ever"
        worker = consumer.worker.name
        self.report(node, waits=waits, worker=worker, when=when, related=related)

    @on_operation("start")
    def check_start(self, node: cst.Call, start: Operation) -> None:
        untold = self.model.ending.untold_at_exit(start)
        if untold is not None:
            waits = "the program never ends, since it waits for this process at last"
            related = [(untold.get.site, f"`{untold.worker.name}` waits for the sentinel here")]
            if untold.test != untold.get.site:
                related.append((untold.test, "nothing but this test ends its loop"))
            worker = untold.worker.name
            self.report(node, waits=waits, worker=worker, when="never put", related=related)


RULE = Rule(
    code="MPL105",
    name="sentinel-never-sent",
    kind="bug",
    summary="consumers end only on a sentinel that nobody sends, or that is sent after the join",
    message=("{waits}: `{worker}` ends only when it gets a sentinel, which is {when}"),
    help="Put one sentinel per consumer when the work is done: `queue.put(None)`.",
    visitor=Visitor,
    proof=Hangs("join"),
)
