"""Tasks of a pool that is terminated before anybody has waited for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("call-later")
    def check(self, node: cst.Call, task: Operation) -> None:
        killed = self.model.pools.killed(task)
        if killed is None:
            return
        related = [(killed.by, killed.note)]
        if killed.closed is not None:
            related.append((killed.closed, "it is closed here, which waits for nothing"))
        self.report(node, call=task.text, why=killed.why, related=related)


RULE = Rule(
    code="MPL402",
    name="killed-by-with",
    kind="bug",
    summary="a pool is terminated while its tasks run, as nobody waits for them",
    message="nobody waits for what `{call}` starts: {why}, and kills tasks that run or have yet to "
    "begin",
    help=(
        "Keep what `{call}` returns and call `get()` on it before the pool ends, or call `close()` "
        "and then `join()` on the pool."
    ),
    visitor=Visitor,
    proof=Differs(),
)
