"""A daemon is started by a process that ends without waiting for anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("start")
    def check(self, node: cst.Call, start: Operation) -> None:
        found = self.model.killing.lost(start)
        if found is not None:
            related = [(s, "the daemon is made here") for s in found.worker.launched_at]
            if found.put is not None:
                related.append((found.put.site, "what is put here, it may never take out"))
            self.report(node, call=start.text, worker=found.worker.name, related=related)
            return


RULE = Rule(
    code="MPL318",
    name="daemon-work-lost",
    kind="bug",
    summary="the program ends without waiting for a daemon, which is killed before it is done",
    message=(
        "`{call}` starts `{worker}` as a daemon, and nothing waits after that: it is killed as "
        "soon as the program ends, in the middle of its work"
    ),
    help="Join it before the program ends, once it is told to stop; or leave `daemon=True` out.",
    visitor=Visitor,
    proof=Differs(),
    yields_to=("MPL307",),
)
