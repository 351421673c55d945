"""`task_done()` on a path that has no item to mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("task-done")
    def check(self, node: cst.Call, mark: Operation) -> None:
        tasks = self.model.tasks
        excess = tasks.excess(mark)
        early = None if excess is not None else tasks.early(mark)
        found = excess or early
        if found is None:
            return
        worker = found.worker
        related = [(found.get.site, f"`{worker.name}` takes the item here")]
        if excess is not None and excess.before not in (None, mark.site):
            related.append((excess.before, "it is marked as done here"))
        if early is not None:
            related.append((early.work, "the work comes here"))
            related.append((early.join.site, "nothing else is waited for at the end"))
        related += [(site, f"`{worker.name}` is started here") for site in worker.launched_at]
        self.report(node, worker=worker.name, why=found.why, effect=found.effect, related=related)


RULE = Rule(
    code="MPL122",
    name="task-done-too-often",
    kind="bug",
    summary="`task_done()` is called more than once for an item",
    message="`{worker}` {why}: {effect}",
    help=(
        "Call `task_done()` once for each item, after the work: in a `finally` that belongs to a "
        "`try` after the `get()`, and nowhere else."
    ),
    visitor=Visitor,
    proof=Raises("ValueError", "task_done() called too many times"),
)
