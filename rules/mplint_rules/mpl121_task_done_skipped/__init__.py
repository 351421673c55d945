"""`JoinableQueue.join()` while a path of a consumer skips `task_done()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("join-tasks")
    def check(self, node: cst.Call, join: Operation) -> None:
        skipped = self.model.tasks.unfinished(join)
        if skipped is None:
            return
        related = [(skipped.get.site, f"`{skipped.worker.name}` takes the item here")]
        starts = skipped.worker.launched_at
        if skipped.failure is not None:
            related.append((skipped.failure.at, f"{skipped.failure.what} here skips it"))
        related += [(site, f"`{skipped.worker.name}` is started here") for site in starts]
        self.report(
            node, call=join.text, worker=skipped.worker.name, how=skipped.how, related=related
        )


RULE = Rule(
    code="MPL121",
    name="task-done-skipped",
    kind="bug",
    summary="`JoinableQueue.join()` while a consumer can skip `task_done()`",
    message=(
        "`{call}` waits for ever for an item that is not marked as done: `{worker}` {how} without "
        "`task_done()` for an item it took"
    ),
    help="Call `task_done()` in a `finally` around the work, for the sentinel too.",
    visitor=Visitor,
    proof=Hangs("join"),
)
