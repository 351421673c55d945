"""A file or socket that was open before a fork, and that the children use together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import AnyOf, Differs, Quiet
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Module(self, node: cst.Module) -> None:
        for found in self.model.inherited.open_resources(self.model.path):
            worker = found.worker.name
            related = [(found.opened, "it is opened here, before the processes are forked")]
            if found.before is not None:
                related.append((found.before, "this is still in the buffer when they are"))
            related += [(site, f"`{worker}` is started here") for site in found.worker.launched_at]
            self.report(found.use, worker=worker, name=found.name, what=found.what, related=related)


RULE = Rule(
    code="MPL604",
    name="resource-shared-over-fork",
    kind="portability",
    summary="forked workers use a file or socket that their parent has opened",
    message="every process of `{worker}` has inherited the open `{name}`: {what}",
    help="Open it in the worker, or in the `initializer=` of the pool, so that each has its own.",
    visitor=Visitor,
    applies=Applies(start_methods=("fork", "forkserver")),
    # a fork server imports the main module from Python 3.14 on, and in late releases of 3.13
    proof={"fork": Differs(), "forkserver": AnyOf((Differs(), Quiet()))},
)
