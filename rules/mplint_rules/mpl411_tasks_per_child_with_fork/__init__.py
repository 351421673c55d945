"""`max_tasks_per_child` for an executor that forks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import AnyOf, Raises
from mplint.rule import Rule, RuleVisitor, on_made

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Made


class Visitor(RuleVisitor):
    @on_made
    def check(self, node: cst.Call, made: Made) -> None:
        methods = self.model.pool_use.limited_by_fork(made)
        if methods:
            self.report(node, start_methods=methods)
            return


RULE = Rule(
    code="MPL411",
    name="tasks-per-child-with-fork",
    kind="portability",
    summary="an executor whose context forks is to replace its processes after so many tasks",
    message=(
        "an executor with `max_tasks_per_child` starts processes while its threads run, which "
        "forking does not allow: it raises a ValueError when `mp_context` forks"
    ),
    help=(
        "Give it `mp_context=multiprocessing.get_context('spawn')`, or no context: then it takes "
        "spawn by itself."
    ),
    visitor=Visitor,
    # before Python 3.11, executors do not have the argument at all
    proof=AnyOf(
        (
            Raises("ValueError", "max_tasks_per_child is incompatible with the 'fork'"),
            Raises("TypeError", "max_tasks_per_child"),
        )
    ),
)
