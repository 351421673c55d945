"""A daemonic process, or a worker of a pool, starts a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        at = self.model.number(node)
        for activation in self.model.activations(node):
            found = self.model.children.grandchild(at, activation) if at is not None else None
            if found is not None:
                worker = found.worker
                kind = "a worker of a pool" if worker.in_pool else "a daemonic process"
                cure = (
                    "Use concurrent.futures.ProcessPoolExecutor, whose workers may have children"
                    if worker.in_pool
                    else "Leave `daemon=True` out, and join the process"
                )
                related = [(site, "it is started here") for site in worker.launched_at]
                self.report(
                    node,
                    worker=worker.name,
                    kind=kind,
                    what=found.start.what,
                    cure=cure,
                    related=related,
                )
                return


RULE = Rule(
    code="MPL317",
    name="daemon-with-children",
    kind="bug",
    summary="a daemonic process or a worker of a pool starts a process, pool, executor or manager",
    message=(
        "`{worker}` runs in {kind}, which may not have children: to start {what} here raises "
        "AssertionError"
    ),
    help="{cure}; or start it in the main process.",
    visitor=Visitor,
    proof=Raises("AssertionError", "daemonic processes are not allowed to have children"),
)
