"""Results that come as they get ready, paired with their inputs by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        self._check(node, node)

    def visit_For(self, node: cst.For) -> None:
        self._check(node, node.iter)

    def _check(self, node: cst.Call | cst.For, at: cst.CSTNode) -> None:
        for found in self.model.mispaired(node):
            related = [(found.at, "the results come from here, as they get ready")]
            self.report(at, call=found.call, inputs=found.inputs, cure=found.cure, related=related)
            return


RULE = Rule(
    code="MPL123",
    name="order-assumed",
    kind="bug",
    summary="results that come as they get ready are paired with their inputs by position",
    message=(
        "`{call}` gives results in the order in which they get ready, and here they are paired "
        "with `{inputs}` by position: results go to the wrong inputs"
    ),
    help="{cure}",
    visitor=Visitor,
    proof=Differs(),
    subjects=("pool", "executor"),
)
