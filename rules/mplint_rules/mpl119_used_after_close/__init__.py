"""A queue or a pipe end that is used after it was closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation()
    def check(self, node: cst.Call, operation: Operation) -> None:
        found = self.model.order.after_close(operation)
        if found is None:
            return
        related = [(found.made.site, f"{found.made.kind.noun} is made here")]
        if found.close is not None:
            related.insert(0, (found.close.site, "it is closed here"))
        self.report(
            node, call=operation.text, effect=found.effect, cure=found.cure, related=related
        )


RULE = Rule(
    code="MPL119",
    name="used-after-close",
    kind="bug",
    summary="a queue or a pipe end is used after it was closed",
    message="`{call}` {effect}",
    help="{cure}",
    visitor=Visitor,
    proof=Raises("ValueError", "is closed"),
)
