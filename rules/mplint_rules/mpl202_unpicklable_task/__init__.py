"""A task for a pool or executor that cannot be pickled."""

import libcst as cst

from mplint.outcome import AnyOf, Raises
from mplint.rule import Rule, RuleVisitor


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for task in self.model.operations(node, "call", "call-later"):
            obstacle = self.model.pickling.task_obstacle(task)
            if obstacle is None or obstacle.inherits:
                continue
            made = [(obstacle.made, "it is made here")] if obstacle.made is not None else []
            self.report(
                obstacle.at,
                what=obstacle.what,
                call=task.text,
                pool=task.kind.noun,
                related=made,
            )
            return


RULE = Rule(
    code="MPL202",
    name="unpicklable-task",
    kind="bug",
    summary="a function or argument that cannot be pickled is given to a pool or executor",
    message="{what} cannot be sent to the processes of {pool}: `{call}` never runs it",
    help="Use a function defined at the top of a module, and plain data as its arguments.",
    visitor=Visitor,
    # CPython raises the first one until 3.13, the second one from 3.14 on
    proof=AnyOf(
        (Raises("AttributeError", "local object"), Raises("PicklingError", "local object"))
    ),
)
