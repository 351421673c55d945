"""Something is done with what `start()` or `join()` returns, which is None."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation

SAYS = {
    "start": "returns None, not the process",
    "join": "returns None, whatever the process has done",
}
CURES = {
    "start": "Keep the process first, then start it: `p = Process(…)`, then `p.start()`.",
    "join": (
        "Let the process send its result through a queue, or give the work to a pool or executor, "
        "which returns it. Whether the process has ended well, `exitcode` says."
    ),
}


class Visitor(RuleVisitor):
    @on_operation("start", "join")
    def check(self, node: cst.Call, operation: Operation) -> None:
        if self.model.lifecycle.result_kept(operation):
            says, cure = SAYS[operation.does], CURES[operation.does]
            self.report(node, call=operation.text, says=says, cure=cure)
            return


RULE = Rule(
    code="MPL306",
    name="result-of-start-or-join",
    kind="bug",
    summary="the result of a process's `start()` or `join()` is used, and is None",
    message="`{call}` {says}",
    help="{cure}",
    visitor=Visitor,
    proof=Raises("AttributeError", "'NoneType' object has no attribute 'join'"),
)
