"""Arguments for a process that are no tuple, as the comma is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor, on_handover

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Handover


class Visitor(RuleVisitor):
    @on_handover
    def check(self, node: cst.Call, given: Handover) -> None:
        unpacked = self.model.signatures.unpacked(given)
        if unpacked is not None:
            self.report(
                unpacked.at,
                call=given.text,
                what=unpacked.what,
                effect=unpacked.effect,
                instead=unpacked.instead,
            )
            return


RULE = Rule(
    code="MPL303",
    name="args-not-a-tuple",
    kind="bug",
    summary="arguments are given as one thing that is no tuple, as in `args=(x)` without a comma",
    message="`{call}` unpacks its arguments from a tuple, and is given {what} instead: {effect}",
    help="A tuple of one needs a comma: write `{instead}`.",
    visitor=Visitor,
    proof=Raises("TypeError", "positional argument"),
)
