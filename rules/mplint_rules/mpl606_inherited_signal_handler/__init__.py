"""A process that goes on after `terminate()`, as its parent would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Applies, Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("kill")
    def check(self, node: cst.Call, terminate: Operation) -> None:
        deaf = self.model.inherited.deaf(terminate)
        if deaf is None:
            return
        related = [
            (deaf.handled, "the parent sets what becomes of SIGTERM here, and children, too"),
            (deaf.start, "the process is forked here, with the handler"),
        ]
        self.report(
            node,
            call=terminate.text,
            worker=deaf.worker.name,
            handler=deaf.handler,
            related=related,
        )


RULE = Rule(
    code="MPL606",
    name="inherited-signal-handler",
    kind="portability",
    summary="`terminate()` only runs a handler that the child has inherited from its parent",
    message=(
        "`{call}` does not end `{worker}`: it sends SIGTERM, for which the forked child has its "
        "parent's `{handler}`, and that returns; whoever joins the process waits on"
    ),
    help=(
        "Reset it at the beginning of the target: `signal.signal(signal.SIGTERM, signal.SIG_DFL)`; "
        "or set the handler after the processes are started."
    ),
    visitor=Visitor,
    applies=Applies(start_methods=("fork",)),
    proof=Hangs("join"),
)
