"""A sentinel that is recognised by identity, which pickling does not keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Comparison(self, node: cst.Comparison) -> None:
        for lost in self.model.lost_identity(node):
            narrowed = "fork" not in lost.start_methods
            comes = "is handed over" if lost.is_argument else "arrives"
            self.report(
                node,
                sentinel=lost.sentinel,
                holds="always" if lost.operator in ("is not", "!=") else "never",
                what=lost.what,
                other="another object" if "is" in lost.operator else "not equal to it",
                operator=lost.operator,
                where=f" (under {' and '.join(lost.start_methods)})" if narrowed else "",
                related=[(site, f"it {comes} here, as a copy") for site in lost.arrives],
                start_methods=lost.start_methods,
            )
            return


RULE = Rule(
    code="MPL107",
    name="sentinel-by-identity",
    kind="bug",
    summary="a sentinel is compared by identity, which does not survive the way to a process",
    message=(
        "`{operator} {sentinel}` {holds} holds for what another process has sent: that is a copy, "
        "and a copy of {what} is {other}{where}"
    ),
    help=(
        "Use `None`, or a member of an `enum.Enum`, as the sentinel; or compare texts and numbers "
        "with `==`."
    ),
    visitor=Visitor,
    # the arguments of a forked process are the very objects of its parent
    applies=Applies(narrowed=("spawn", "forkserver")),
    proof=Hangs("get"),
)
