"""A task ends the process of the pool that it runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("call", "call-later")
    def check(self, node: cst.Call, task: Operation) -> None:
        found = self.model.jobs.exit(task)
        if found is not None:
            related = [(found.at, "this ends the process of the pool")]
            self.report(node, call=task.text, name=found.name, what=found.call, related=related)
            return


RULE = Rule(
    code="MPL407",
    name="pool-worker-exits",
    kind="bug",
    summary="a task of a pool ends its process, so its result never comes",
    message=(
        "{what} in `{name}` ends a process of the pool, which starts another one and forgets the "
        "task, so that whoever waits for what `{call}` should give waits for ever"
    ),
    help="Raise an exception that is no `SystemExit`, or return: both reach whoever waits.",
    visitor=Visitor,
    proof=Hangs("wait"),
)
