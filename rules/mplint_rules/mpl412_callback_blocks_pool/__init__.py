"""The callback of a task waits for the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("call-later")
    def check(self, node: cst.Call, task: Operation) -> None:
        stuck = self.model.jobs.blocking_callback(task)
        if stuck is not None:
            related = [(stuck.wait.site, "the callback waits here")]
            wait = stuck.wait.text
            self.report(node, name=stuck.name, wait=wait, related=related)
            return


RULE = Rule(
    code="MPL412",
    name="callback-blocks-pool",
    kind="bug",
    summary="the callback of a task waits for its own pool",
    message=(
        "the callback `{name}` waits for the pool in `{wait}`: callbacks run in the thread that "
        "takes in all results, so what it waits for can never come"
    ),
    help=(
        "Let the callback only note the result, and hand over or wait for more where the task was "
        "handed over; `apply_async()` in a callback is fine, as it does not wait."
    ),
    visitor=Visitor,
    proof=Hangs("wait"),
)
