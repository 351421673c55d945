"""A coroutine or generator function as what a process is to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_handover

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Handover


class Visitor(RuleVisitor):
    @on_handover
    def check(self, node: cst.Call, given: Handover) -> None:
        idle = self.model.signatures.idle(given)
        if idle is not None:
            self.report(
                node,
                name=idle.name,
                what=idle.what,
                effect=idle.effect,
                related=[(idle.defined, "it is defined here")],
            )
            return

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        for worker in self.model.runs(node):
            what = self.model.signatures.idle_run(worker)
            if what is not None:
                effect = "nothing of it runs in the child process, which says nothing of it"
                self.report(
                    self.model.site(node), name=f"{worker.name}.run", what=what, effect=effect
                )
                return


RULE = Rule(
    code="MPL323",
    name="coroutine-or-generator-target",
    kind="bug",
    summary="an `async def` or a generator function is given to a process, which runs none of it",
    message="calling `{name}` only makes {what}: {effect}",
    help=(
        "Give a plain function: one that calls `asyncio.run(…)` itself, or that goes through the "
        "generator with a `for`."
    ),
    visitor=Visitor,
    proof=Differs(),
)
