"""A loop that waits for each task before it hands over the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("call", "result")
    def check(self, node: cst.Call, operation: Operation) -> None:
        serial = self.model.pool_use.serial(operation)
        if serial is not None:
            related = [(serial.loop, "the loop that waits in every turn")]
            pool = serial.task.kind.noun
            self.report(node, call=operation.text, pool=pool, related=related)
            return


RULE = Rule(
    code="MPL409",
    name="serial-pool",
    kind="bug",
    summary="each task of a loop is waited for before the next one is handed over",
    message=(
        "`{call}` waits for one task in every turn of the loop: only one process of {pool} works "
        "at a time, and the others never get anything to do"
    ),
    help=(
        "Hand over all tasks first and read the results after that: `map()`, or `apply_async()` "
        "and `submit()` in one loop and `get()` and `result()` in another."
    ),
    visitor=Visitor,
    proof=Differs(),
)
