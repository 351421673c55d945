"""A function is called where it should be given to a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_handover

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Handover


class Visitor(RuleVisitor):
    @on_handover
    def check(self, node: cst.Call, given: Handover) -> None:
        called = self.model.signatures.called(given)
        if called is not None:
            self.report(
                called.at,
                to=given.text,
                result=called.result,
                effect=called.effect,
                instead=called.instead,
            )
            return


RULE = Rule(
    code="MPL302",
    name="target-called",
    kind="bug",
    summary="a function is called here, in the parent, and what it returns is given to a process",
    message=(
        "this calls the function here, before `{to}`, which only gets what it returns, {result}: "
        "{effect}"
    ),
    help="Leave out the parentheses, and give the arguments apart: {instead}.",
    visitor=Visitor,
    proof=Differs(),
)
