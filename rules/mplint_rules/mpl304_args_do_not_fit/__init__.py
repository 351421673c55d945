"""Arguments that the target of a process, or the task of a pool, does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor, on_handover

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Handover


class Visitor(RuleVisitor):
    @on_handover
    def check(self, node: cst.Call, given: Handover) -> None:
        misfit = self.model.signatures.misfit(given)
        if misfit is not None:
            self.report(
                node,
                why=misfit.why,
                effect=misfit.effect,
                related=[(misfit.defined, "it is defined here")],
            )
            return

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        for worker in self.model.runs(node):
            needed = self.model.signatures.run_with_parameters(worker)
            if needed is not None:
                self.report(
                    self.model.site(node),
                    why=f"`{worker.name}.run` needs {needed}, and the child calls it with nothing",
                    effect="the child process ends with a TypeError; keep it in `self` instead",
                )
                return


RULE = Rule(
    code="MPL304",
    name="args-do-not-fit",
    kind="bug",
    summary="the arguments do not fit the function that runs in the other process",
    message="{why}: {effect}",
    help="Give the function what its `def` asks for; nobody checks it before the child calls it.",
    visitor=Visitor,
    proof=Raises("TypeError", "missing 1 required positional argument: 'height'"),
    yields_to=("MPL302", "MPL303", "MPL326"),
)
