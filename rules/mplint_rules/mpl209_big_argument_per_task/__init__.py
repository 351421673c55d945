"""Large data that a pool pickles again for every task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("call", "call-later")
    def check(self, node: cst.Call, task: Operation) -> None:
        found = self.model.bulk.repeated(task)
        if found is None:
            return
        self.report(
            node,
            call=task.text,
            data=found.name,
            way=found.way,
            related=[
                (found.made, "the data is made here"),
                (found.at, "it gets into the tasks here"),
            ],
        )


RULE = Rule(
    code="MPL209",
    name="big-argument-per-task",
    kind="advice",
    summary="large data is pickled and sent again for every task of a pool",
    message=(
        "`{call}` sends `{data}` again with every task, or every chunk of them: it is {way}, and "
        "is pickled each time, though it stays the same"
    ),
    help=(
        "Give it to each process once, by `initializer=` and `initargs=`, and keep it in a global "
        "there. Or let each process open the file, or share the memory, by itself."
    ),
    visitor=Visitor,
    proof=Differs(),
)
