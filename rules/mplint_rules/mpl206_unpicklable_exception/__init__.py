"""An exception that does not survive its way back from a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    def visit_Raise(self, node: cst.Raise) -> None:
        at = self.model.number(node)
        for activation in self.model.activations(node):
            stuck = self.model.exceptions.stuck(at, activation) if at is not None else None
            if stuck is None:
                continue
            related = [(stuck.written, "this is why")]
            if stuck.task is not None:
                related.append((stuck.task, "the task is given here"))
            self.report(node, name=stuck.name, why=stuck.why, effect=stuck.effect, related=related)
            return

    @on_operation("put")
    def check(self, node: cst.Call, put: Operation) -> None:
        stuck = self.model.exceptions.stuck_put(put)
        if stuck is not None:
            related = [(stuck.written, "this is why")]
            self.report(node, name=stuck.name, why=stuck.why, effect=stuck.effect, related=related)
            return


RULE = Rule(
    code="MPL206",
    name="unpicklable-exception",
    kind="bug",
    summary="a task raises an exception that the parent cannot unpickle: the pool hangs",
    message="a `{name}` does not survive the way to another process, as {why}: {effect}",
    help=(
        "Give `super().__init__` all that your own `__init__` takes, in its order, or define "
        "`__reduce__`."
    ),
    visitor=Visitor,
    proof=Hangs("wait"),
)
