"""The `__init__` of a process class that leaves out the one of Process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        for activation in self.model.activations(node):
            at = self.model.number(node)
            assert at is not None
            found = self.model.lifecycle.uninitialized(at, activation)
            if found is not None:
                place = node.name if found.late is None else found.late
                when = "never calls" if found.late is None else "sets `daemon` before it calls"
                self.report(place, cls=found.cls, when=when)
                return


RULE = Rule(
    code="MPL309",
    name="super-init-missing",
    kind="bug",
    summary="a process class does not call `super().__init__()`, or does so too late",
    message=(
        "`{cls}.__init__()` {when} `super().__init__()`, which makes a process of the object: it "
        "ends with AttributeError"
    ),
    help="Call `super().__init__()` first thing in `__init__`.",
    visitor=Visitor,
    proof=Raises("AttributeError", "'Worker' object has no attribute '_closed'"),
)
