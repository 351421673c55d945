"""An operation that a queue or a pipe end does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def check(self, node: cst.CSTNode) -> None:
        for missing in self.model.missing_operations(node):
            made = [(missing.made, "it is made here")] if missing.made is not None else []
            self.report(
                node,
                written=missing.written,
                effect=missing.effect,
                instead=missing.instead,
                related=made,
            )
            return

    visit_Attribute = visit_Call = visit_Comparison = check

    def visit_For(self, node: cst.For) -> None:
        self.check(node.iter)

    def visit_If(self, node: cst.If) -> None:
        self.check(node.test)

    def visit_While(self, node: cst.While) -> None:
        self.check(node.test)


RULE = Rule(
    code="MPL120",
    name="no-such-operation",
    kind="bug",
    summary="an operation that this kind of queue or pipe end does not have",
    message="`{written}` {effect}",
    help="{instead}",
    visitor=Visitor,
    proof=Raises("AttributeError", "task_done"),
)
