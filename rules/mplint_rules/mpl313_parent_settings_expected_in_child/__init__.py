"""A setting of the process that the parent makes, and a child uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Module(self, node: cst.Module) -> None:
        for unset in self.model.inherited.unset_in_child(self.model.path):
            worker = unset.worker.name
            always = "fork" in unset.start_methods
            related = [(unset.use, f"`{worker}` makes use of it here, in a child")]
            related += [(site, f"`{worker}` is started here") for site in unset.worker.launched_at]
            self.report(
                unset.at,
                worker=worker,
                what=unset.what,
                effect=unset.effect,
                where="" if always else f" (under {' and '.join(unset.start_methods)})",
                related=related,
                start_methods=unset.start_methods,
            )


RULE = Rule(
    code="MPL313",
    name="parent-settings-expected-in-child",
    kind="portability",
    summary="the parent sets up logging, a seed, a patch or the like, which its children lack",
    message=(
        "only the parent gets {what} from this: `{worker}` runs in a child, where {effect}{where}"
    ),
    help=(
        "Do it in the child as well: in the `initializer=` of a pool, or at the beginning of the "
        "target."
    ),
    visitor=Visitor,
    applies=Applies(start_methods=("spawn", "forkserver")),
    proof=Differs(),
)
