"""A pool is closed and joined in a `finally`, also after Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("join")
    def check(self, node: cst.Call, join: Operation) -> None:
        task = self.model.pool_use.joins_after_interrupt(join)
        if task is not None:
            related = [(task.site, "Ctrl-C interrupts this")]
            self.report(node, call=join.text, task=task.text, related=related)
            return


RULE = Rule(
    code="MPL414",
    name="close-join-after-interrupt",
    kind="advice",
    summary="a `finally` joins a pool whose processes Ctrl-C has ended in the midst of their tasks",
    message=(
        "after Ctrl-C in `{task}`, `{call}` waits for ever: Ctrl-C also ends the processes, and "
        "the pool waits for the tasks that they had begun"
    ),
    help=(
        "Call `terminate()` before `join()` when the tasks were interrupted (`except BaseException:"
        "`), or use `with`, whose end terminates the pool."
    ),
    visitor=Visitor,
    proof=Hangs("join"),
)
