"""A get from a queue that nobody puts to, or more gets than puts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("get")
    def check(self, node: cst.Call, wait: Operation) -> None:
        counts = self.model.waiting.never_fed(wait)
        if counts is None:
            return
        puts, gets = counts
        channel = self.model.waiting.channel_of(wait)
        assert channel is not None
        items = "1 item is" if puts == 1 else f"{puts} items are"
        what = f"{gets} are taken, but only {items} ever put" if puts else "nobody ever puts any"
        self.report(
            node,
            call=wait.text,
            what=what,
            related=[
                (channel.site, f"{channel.kind.noun} is made here"),
                *((put.site, "an item is put here") for put in channel.puts),
            ],
        )


RULE = Rule(
    code="MPL103",
    name="get-never-fed",
    kind="bug",
    summary="a blocking get on a queue that nobody puts to, or more gets than puts",
    message="`{call}` waits for ever for an item: {what}",
    help="Put as many items as are taken out; end a loop of gets by a sentinel such as `None`.",
    visitor=Visitor,
    proof=Hangs("get"),
)
