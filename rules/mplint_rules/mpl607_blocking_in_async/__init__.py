"""A wait for another process inside a coroutine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        at = self.model.number(node)
        if at is None:
            return
        for activation in self.model.activations(node):
            found = self.model.coroutines.standstill(activation, at)
            if found is None:
                continue
            operation = found.operation
            related = []
            if operation.site != self.model.site(node):
                related.append((operation.site, f"`{operation.text}` waits here"))
            self.report(
                node,
                call=operation.text,
                until=found.until,
                name=activation.scope.name,
                cure=found.cure,
                related=related,
            )
            return


RULE = Rule(
    code="MPL607",
    name="blocking-in-async",
    kind="bug",
    summary="a coroutine waits for another process in a way that stops the whole event loop",
    message=(
        "`{call}` blocks the whole event loop: {until}, neither `{name}` nor any other coroutine "
        "of this process can run"
    ),
    help="{cure}",
    visitor=Visitor,
    proof=Hangs("get"),
)
