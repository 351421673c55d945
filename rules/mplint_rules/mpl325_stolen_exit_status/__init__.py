"""A call that takes the exit status of any child, beside processes of multiprocessing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs, Hangs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        call = self.model.expression(node)
        for activation in self.model.activations(node):
            found = self.model.children.reaps(call, activation) if call is not None else None
            if found is not None:
                self.report(
                    node,
                    text=found.text,
                    what=found.start.what,
                    related=[(found.start.site, f"{found.start.what} is started here")],
                    start_methods=found.methods,
                )
                return


RULE = Rule(
    code="MPL325",
    name="stolen-exit-status",
    kind="bug",
    summary="a call that takes the exit status of any child, beside processes of multiprocessing",
    message=(
        "`{text}` takes the exit status of whichever child ends, also that of {what}, whose "
        "`exitcode` is never known then, and which seems to live for ever"
    ),
    help=(
        "Wait for the process with `join()`, or for a child of your own by its number: "
        "`os.waitpid(pid, 0)`."
    ),
    visitor=Visitor,
    proof={"fork": Differs(), "spawn": Differs(), "forkserver": Hangs("wait")},
)
