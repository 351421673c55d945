"""A task for a pool or executor that cannot be pickled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import AnyOf, Raises
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("call", "call-later")
    def check(self, node: cst.Call, task: Operation) -> None:
        obstacle = self.model.pickling.task_obstacle(task)
        if obstacle is None or obstacle.inherits or obstacle.owner is not None:
            return
        made = []
        if obstacle.made is not None and obstacle.made != obstacle.at:
            made.append((obstacle.made, "it is made here"))
        effect = "raises an error" if task.does == "call" else "returns a result that has the error"
        self.report(
            obstacle.at,
            what=obstacle.what,
            call=task.text,
            pool=task.kind.noun,
            effect=effect,
            related=made,
        )


RULE = Rule(
    code="MPL202",
    name="unpicklable-task",
    kind="bug",
    summary="a function or argument that cannot be pickled is given to a pool or executor",
    message=(
        "{pool} pickles what it gives to its processes, and cannot pickle {what}: `{call}` never "
        "runs the task and {effect}"
    ),
    help="Use a function defined at the top of a module, and plain data as its arguments.",
    visitor=Visitor,
    # CPython raises the first one until 3.13, the second one from 3.14 on
    proof=AnyOf(
        (Raises("AttributeError", "local object"), Raises("PicklingError", "local object"))
    ),
)
