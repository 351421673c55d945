"""A wait that may have given up is taken for one that has got what it waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("acquire")
    def check_acquire(self, node: cst.Call, acquire: Operation) -> None:
        joining = self.model.joining
        if joining.lock_not_asked_for(acquire):
            effect = (
                "what follows runs without it then, beside whoever has it, and `release()` "
                "takes it from them"
            )
            cure = "Test what it returns: `if lock.acquire(timeout=…):`, and go on only then."
            self.report(node, call=acquire.text, what="got the lock", effect=effect, cure=cure)

    @on_operation("join")
    def check_join(self, node: cst.Call, join: Operation) -> None:
        joining = self.model.joining
        found = joining.stale(join)
        if found is not None:
            self.report(
                node,
                call=join.text,
                what="seen the end of the process",
                effect=f"`{found.text}` is used before `{found.worker.name}` is done with it",
                cure="Ask `is_alive()` or `exitcode` after it, or join without a timeout.",
                related=[
                    (found.use, "it is used here"),
                    (found.write, f"`{found.worker.name}` fills it here"),
                ],
            )


RULE = Rule(
    code="MPL320",
    name="timed-join-taken-for-done",
    kind="bug",
    summary="nobody looks whether a wait with a timeout has got what it waited for",
    message="`{call}` also returns when it has not {what} in time, and nobody looks: {effect}",
    help="{cure}",
    visitor=Visitor,
    proof=Differs(),
)
