"""A process object is made, and nobody ever starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        at = self.model.number(node)
        for activation in self.model.activations(node):
            if at is not None and self.model.lifecycle.never_started(at, activation) is not None:
                workers = [worker.name for worker, _ in self.model.launches(node)]
                what = f"`{workers[0]}` never runs" if workers else "what it is to do is never done"
                self.report(node, what=what)
                return


RULE = Rule(
    code="MPL308",
    name="never-started",
    kind="bug",
    summary="a process is made, and nobody starts it",
    message="this process is never started: {what}, and no error says so",
    help="Call `start()`.",
    visitor=Visitor,
    proof=Differs(),
    yields_to=("MPL305", "MPL307"),
)
