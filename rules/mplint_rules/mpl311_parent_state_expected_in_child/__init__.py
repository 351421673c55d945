"""A variable that the parent has set after the imports, and a child reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Module(self, node: cst.Module) -> None:
        for unseen in self.model.inherited.unseen_in_child(self.model.path):
            worker = unseen.worker.name
            related = [(unseen.write, "the parent sets it here, which no child does")]
            related += [(site, f"`{worker}` is started here") for site in unseen.worker.launched_at]
            self.report(
                unseen.read.site,
                worker=worker,
                name=unseen.what,
                why=_MISSING if unseen.missing else _OLD,
                methods=" and ".join(unseen.start_methods),
                related=related,
                start_methods=unseen.start_methods,
            )


_MISSING = "which does not exist there: only the parent sets it, after its imports"
_OLD = "as the import has left it: only the parent has changed it, after its imports"

RULE = Rule(
    code="MPL311",
    name="parent-state-expected-in-child",
    kind="portability",
    summary="a worker reads a variable that only its parent has set",
    message="`{worker}` runs in a child and reads `{name}`, {why} (under {methods})",
    help=(
        "Pass it: `args=` of a process, `initializer=` and `initargs=` of a pool; or set it at the "
        "top of the module, where every child that imports the module sets it as well."
    ),
    visitor=Visitor,
    applies=Applies(start_methods=("spawn", "forkserver")),
    proof=Differs(),
)
