"""A sentinel that ends the consumer while producers still have something to put."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("put")
    def check(self, node: cst.Call, put: Operation) -> None:
        found = self.model.ending.overtakes(put)
        if found is None:
            return
        producer = found.producer.name
        if found.each:
            who = f"every process of `{producer}` puts this sentinel when it is done itself"
            instead = "Let the consumer count: it ends when it has got one from each producer."
        else:
            who = f"this sentinel is put while `{producer}` still runs"
            instead = "Join the producers first, and put the sentinels after that."
        related = [
            (found.item.site, f"`{producer}` puts its items here"),
            (found.get.site, f"{found.consumer} takes them here, until the first sentinel"),
        ]
        starts = found.producer.launched_at
        related += [(site, f"`{producer}` is started here") for site in starts]
        self.report(
            node,
            who=who,
            consumer=found.consumer,
            instead=instead,
            related=related,
        )


RULE = Rule(
    code="MPL108",
    name="sentinel-overtakes-work",
    kind="bug",
    summary="a sentinel is put while producers still have something to put",
    message=(
        "{who}, and {consumer} ends at the first one: what comes after it is never taken out, and "
        "is lost"
    ),
    help="{instead}",
    visitor=Visitor,
    proof=Differs(),
)
