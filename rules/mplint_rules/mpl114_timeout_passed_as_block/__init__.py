"""A number where `block` stands, or a timeout that `block=False` makes void."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("get", "put", "acquire")
    def check(self, node: cst.Call, operation: Operation) -> None:
        mistake = self.model.interfaces.misplaced_timeout(operation)
        if mistake is not None:
            self.report(node, call=mistake.written, effect=mistake.effect, fix=mistake.instead)
            return


RULE = Rule(
    code="MPL114",
    name="timeout-passed-as-block",
    kind="bug",
    summary="a timeout is given where `block` stands, or beside `block=False`",
    message="`{call}` {effect}",
    help="{fix}",
    visitor=Visitor,
    proof=Hangs("get"),
)
