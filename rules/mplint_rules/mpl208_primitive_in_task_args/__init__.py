"""A queue, lock or value among the arguments of a task for a pool or executor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("call", "call-later")
    def check(self, node: cst.Call, task: Operation) -> None:
        obstacle = self.model.pickling.task_obstacle(task)
        if obstacle is None or obstacle.made is None:
            return
        if not obstacle.inherits or obstacle.owner is not None:
            return
        self.report(
            obstacle.at,
            what=obstacle.what,
            call=task.text,
            pool=task.kind.noun,
            effect="raises" if task.does == "call" else "returns a result that has",
            related=[(obstacle.made, "it is made here")],
        )


RULE = Rule(
    code="MPL208",
    name="primitive-in-task-args",
    kind="bug",
    summary="a queue, lock, event or value is given to a task of a pool or executor",
    message=(
        "{what} can be given to a process only while that is started, and the processes of {pool} "
        "already run: the task never runs, and `{call}` {effect} a RuntimeError"
    ),
    help=(
        "Give it to the pool as `initializer=` and `initargs=`, or use "
        "`multiprocessing.Manager().Queue()` (or its `Lock()`, `Event()`)."
    ),
    visitor=Visitor,
    proof=Raises("RuntimeError", "should only be shared between processes through inheritance"),
)
