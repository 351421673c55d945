"""A loop asks for what another process does, over and over, without a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_While(self, node: cst.While) -> None:
        for spin in self.model.spins(node):
            related = [(spin.made, "what it asks is made here")] if spin.made is not None else []
            self.report(node, question=spin.text, related=related)
            return


RULE = Rule(
    code="MPL130",
    name="busy-wait",
    kind="bug",
    summary="a loop asks for another process's news without ever pausing",
    message=(
        "this loop never pauses: it asks `{question}` many thousand times a second, and takes a "
        "whole processor core to wait for another process"
    ),
    help=(
        "Let a call wait: `get()` or `recv()`, an event's `wait()`, a process's `join()`, with a "
        "`timeout` where the loop has more to look after; or sleep a moment in each turn."
    ),
    visitor=Visitor,
    proof=Differs(),
)
