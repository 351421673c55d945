"""A condition that is used without being held, or a wait that can miss its notification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("wait", "notify")
    def check(self, node: cst.Call, operation: Operation) -> None:
        conditions = self.model.signals.conditions
        condition = conditions.unheld(operation)
        if condition is not None:
            said = f"`{operation.text}` raises an AssertionError: the condition is not held here"
            cure = f"Call it inside of `with {operation.receiver_text}:`."
            related = [(condition.site, "the condition is made here")]
            self.report(node, said=said, cure=cure, related=related)
            return
        unheard = conditions.unheard(operation)
        if unheard is None:
            return
        related = [(unheard.condition.site, "the condition is made here")]
        if unheard.notify is None:
            said = f"`{operation.text}` waits for ever: nobody notifies the condition"
            cure = "Let another process call `notify()` when what this one waits for has come."
        else:
            said = (
                f"`{operation.text}` waits for ever when the notification comes before it: a "
                "condition keeps none for those who wait later"
            )
            cure = (
                "Keep what is waited for in a shared value, and wait with `wait_for()` until "
                "it is there; or use an `Event`, which stays set."
            )
            related.insert(0, (unheard.notify.site, "nothing here waits for the other process"))
        self.report(node, said=said, cure=cure, related=related)


RULE = Rule(
    code="MPL514",
    name="condition-misused",
    kind="bug",
    summary="a condition that is not held where it has to be, or a wait that can miss its end",
    message="{said}",
    help="{cure}",
    visitor=Visitor,
    proof=Hangs("wait"),
)
