"""`empty()` or `qsize()` decides whether work is left, and cannot know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("look", "get")
    def check(self, node: cst.Call, look: Operation) -> None:
        race = self.model.looks.race(look)
        if race is None:
            return
        related = [(race.get.site, "the items are taken here")]
        worker = race.producer or race.takers
        if worker is not None:
            related += [(site, f"`{worker.name}` is started here") for site in worker.launched_at]
        if race.put is not None:
            related.append((race.put.site, "the items are put here"))
        self.report(node, call=look.text, why=race.why, related=related)


RULE = Rule(
    code="MPL113",
    name="empty-as-control-flow",
    kind="bug",
    summary="`empty()` or `qsize()` decides whether there is work left",
    message="`{call}` cannot tell whether there is work left: {why}",
    help=(
        "Take one `get()` per item that is expected, or end the loop by a sentinel such as `None`."
    ),
    visitor=Visitor,
    proof=Differs(),
)
