"""`task_done()` on a path that has no item to mark."""

import libcst as cst

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for mark in self.model.operations(node, "task-done"):
            excess = self.model.tasks.excess(mark)
            if excess is None:
                continue
            worker = excess.worker
            related = [(excess.get.site, f"`{worker.name}` takes the item here")]
            if excess.before is not None and excess.before != mark.site:
                related.append((excess.before, "it is marked as done here"))
            related += [(site, f"`{worker.name}` is started here") for site in worker.launched_at]
            self.report(node, worker=worker.name, why=excess.why, related=related)
            return


RULE = Rule(
    code="MPL122",
    name="task-done-too-often",
    kind="bug",
    summary="`task_done()` is called more than once for an item",
    message=(
        "`{worker}` {why}: the queue counts another item as done instead, so that its `join()` "
        "ends before the work does, and when none is left to count this raises a ValueError"
    ),
    help=(
        "Call `task_done()` once for each item that was taken: in a `finally` that belongs to a "
        "`try` after the `get()`, and nowhere else."
    ),
    visitor=Visitor,
    proof=Raises("ValueError", "task_done() called too many times"),
)
