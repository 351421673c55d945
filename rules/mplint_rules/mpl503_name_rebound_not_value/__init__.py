"""The name of a shared value is assigned to, where the value is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._check(node)

    def visit_Assign(self, node: cst.Assign) -> None:
        self._check(node)

    def _check(self, node: cst.Assign | cst.AugAssign) -> None:
        for rebound in self.model.rebound_values(node):
            made, worker = rebound.made, rebound.worker
            related = [(made.site, f"{made.kind.noun} is made here")]
            related += [(site, f"`{worker.name}` is started here") for site in worker.launched_at]
            self.report(
                node,
                name=rebound.name,
                effect=rebound.effect,
                instead=rebound.instead,
                worker=worker.name,
                related=related,
            )
            return


RULE = Rule(
    code="MPL503",
    name="name-rebound-not-value",
    kind="bug",
    summary="the name of a shared value is assigned to, where the value is meant",
    message="`{worker}` changes nothing that other processes see: this {effect}",
    help="Assign to what the shared object holds: {instead}.",
    visitor=Visitor,
    proof=Differs(),
    subjects=("value",),
)
