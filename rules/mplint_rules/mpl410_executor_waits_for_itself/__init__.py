"""A task hands work to the pool or executor that it runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import AnyOf, Hangs, Raises
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("call", "call-later")
    def check(self, node: cst.Call, task: Operation) -> None:
        stuck = self.model.jobs.own_pool(task)
        if stuck is not None:
            made = getattr(task.receiver, "site", None)
            related = [(made, "it is made here, in the parent")] if made is not None else []
            self.report(
                node,
                call=task.text,
                name=stuck.name,
                pool=task.kind.noun,
                effect=stuck.effect,
                related=related,
            )
            return


RULE = Rule(
    code="MPL410",
    name="executor-waits-for-itself",
    kind="bug",
    summary="a task uses the pool or executor that it runs in, of which it has no working copy",
    message=(
        "`{name}` runs in a process of {pool} and calls `{call}` on what that process has of it: "
        "{effect}"
    ),
    help="Let the task return what is to be done next, and hand that over in the parent.",
    visitor=Visitor,
    proof={
        "fork": Hangs("result"),
        "spawn": AnyOf((Raises("AttributeError"), Raises("NameError"))),
        "forkserver": AnyOf((Raises("AttributeError"), Raises("NameError"))),
    },
)
