"""A get from a queue that nobody puts to, or more gets than puts."""

import libcst as cst

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for wait in self.model.operations(node, "get"):
            counts = self.model.waiting.never_fed(wait)
            if counts is None:
                continue
            puts, gets = counts
            what = f"only {puts} of {gets} items are ever put" if puts else "nobody puts anything"
            channel = self.model.waiting.channel_of(wait)
            assert channel is not None
            self.report(
                node,
                call=wait.text,
                what=what,
                related=[
                    (channel.site, f"{channel.kind.noun} is made here"),
                    *((put.site, "an item is put here") for put in channel.puts),
                ],
            )
            return


RULE = Rule(
    code="MPL103",
    name="get-never-fed",
    kind="bug",
    summary="a blocking get on a queue that nobody puts to, or more gets than puts",
    message="`{call}` waits for ever: {what}",
    help="Put as many items as are taken out; end a loop of gets by a sentinel such as `None`.",
    visitor=Visitor,
    proof=Hangs("get"),
)
