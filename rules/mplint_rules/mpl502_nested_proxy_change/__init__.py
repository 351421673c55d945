"""A change of a copy that a manager's dict, list or namespace has handed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Expr(self, node: cst.Expr) -> None:
        self._check(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        self._check(node)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._check(node)

    def visit_Del(self, node: cst.Del) -> None:
        self._check(node)

    def _check(self, node: cst.CSTNode) -> None:
        for lost in self.model.lost_changes(node):
            self.report(
                node,
                written=lost.written,
                element=lost.element,
                noun=lost.proxy.kind.noun,
                related=[(lost.proxy.site, f"{lost.proxy.kind.noun} is made here")],
            )
            return


RULE = Rule(
    code="MPL502",
    name="nested-proxy-change",
    kind="bug",
    summary="a change of something inside a manager's dict, list or namespace is lost",
    message=(
        "`{written}` changes a copy, and nobody sees the change: `{element}` is what {noun} has "
        "sent, and it is not sent back"
    ),
    help=(
        "Take it out, change it and put it back as a whole, under a lock if others do so too; or "
        "put a `manager.list()` or `manager.dict()` in, which can be changed in place."
    ),
    visitor=Visitor,
    proof=Differs(),
    subjects=("proxy",),
)
