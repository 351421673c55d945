"""`run()` of a process that nobody starts: the work is done in the caller's process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        call = self.model.expression(node)
        for activation in self.model.activations(node):
            found = self.model.lifecycle.run_here(call, activation) if call is not None else None
            if found is not None:
                related = [(found.made, "the process is made here")]
                self.report(node, call=found.text, related=related)
                return


RULE = Rule(
    code="MPL305",
    name="run-for-start",
    kind="bug",
    summary="`run()` of a process is called instead of `start()`",
    message=(
        "`{call}` does the work here, in this process, and returns when it is done: no process is "
        "ever started"
    ),
    help="Call `start()`, which makes a process that calls `run()`.",
    visitor=Visitor,
    proof=Raises("AssertionError", "can only join a started process"),
)
