"""A pool or executor is used when it has been closed, or joined when it has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("call", "call-later", "join")
    def check(self, node: cst.Call, operation: Operation) -> None:
        wrong = self.model.pools.wrong_state(operation)
        if wrong is not None:
            note = "it is made here" if wrong.operation.does == "join" else "it ends here"
            self.report(
                node,
                call=operation.text,
                error=wrong.error,
                pool=operation.kind.noun,
                why=wrong.why,
                cure=wrong.cure,
                related=[(wrong.before, note)],
            )
            return


RULE = Rule(
    code="MPL406",
    name="wrong-pool-state",
    kind="bug",
    summary="a pool is used after it was closed, or joined before that",
    message="`{call}` raises a {error}: {why}",
    help="{cure}",
    visitor=Visitor,
    proof=Raises("ValueError", "Pool not running"),
)
