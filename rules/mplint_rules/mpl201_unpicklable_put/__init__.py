"""Something that cannot be pickled is put on a queue or sent through a pipe."""

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
        obstacle = self.model.pickling.put_obstacle(put)
        if obstacle is None:
            return
        related = []
        if obstacle.made is not None and obstacle.made != obstacle.at:
            related.append((obstacle.made, "it is made here"))
        channel = self.model.waiting.channel_of(put)
        if channel is not None:
            related.append((channel.site, f"{channel.kind.noun} is made here"))
        self.report(
            obstacle.at, what=obstacle.what, call=put.text, effect=put.loses, related=related
        )


RULE = Rule(
    code="MPL201",
    name="unpicklable-put",
    kind="bug",
    summary="something that cannot be pickled is put on a queue or sent through a pipe",
    message="`{call}` cannot pickle {what}: the call {effect}",
    help=(
        "Send plain data, or a function defined at the top of a module, and make the rest where it "
        "is received."
    ),
    visitor=Visitor,
    proof=Hangs("get"),
)
