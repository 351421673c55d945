"""Consumers that only a sentinel ends, and nobody sends it, or too late."""

import libcst as cst

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for join in self.model.operations(node, "join"):
            unsent = self.model.sentinels.unsent(join)
            if unsent is None:
                continue
            consumer = unsent.consumer
            when = "put only after this" if unsent.late is not None else "never put"
            related = [(consumer.get.site, f"`{consumer.worker.name}` waits for the sentinel here")]
            if consumer.test != consumer.get.site:
                related.append((consumer.test, "nothing but this test ends its loop"))
            if unsent.late is not None:
                related.append((unsent.late.site, "the sentinel is put here, too late"))
            related.append((consumer.channel.site, f"{consumer.channel.kind.noun} is made here"))
            self.report(
                node, call=join.text, worker=consumer.worker.name, when=when, related=related
            )
            return


RULE = Rule(
    code="MPL105",
    name="sentinel-never-sent",
    kind="bug",
    summary="consumers end only on a sentinel that nobody sends, or that is sent after the join",
    message=(
        "`{call}` waits for ever: `{worker}` ends only when it gets a sentinel, which is {when}"
    ),
    help="Put one sentinel per consumer before the join: `queue.put(None)`.",
    visitor=Visitor,
    proof=Hangs("join"),
)
