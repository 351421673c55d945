"""The result of a task is read when the pool has been terminated."""

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
        late = self.model.pools.late(task)
        if late is not None:
            how = "is returned out of" if late.returned else "is read after"
            note = "the task is handed over here"
            self.report(late.at, call=task.text, how=how, related=[(self.model.site(node), note)])
            return


RULE = Rule(
    code="MPL403",
    name="result-after-pool",
    kind="bug",
    summary="the result of a task is read after the `with` of its pool, and never comes",
    message=(
        "what `{call}` gives {how} the `with` of its pool, whose end terminates the pool: whoever "
        "reads it waits for ever for tasks that have been killed"
    ),
    help="Read the results inside the `with`; a function can do so with `yield from` or `list()`.",
    visitor=Visitor,
    proof=Hangs("wait"),
)
