"""A queue, lock or value that the worker makes for itself, so that nobody shares it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_made

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Made


class Visitor(RuleVisitor):
    @on_made
    def check(self, node: cst.Call, made: Made) -> None:
        found = self.model.sharing.made_in_worker(made)
        if found is None:
            return
        related = [
            (site, f"`{found.worker.name}` is started here") for site in found.worker.launched_at
        ]
        if found.elsewhere is not None:
            related.append((found.elsewhere.site, "another process means to use it here"))
        self.report(node, noun=made.kind.noun, worker=found.worker.name, related=related)


RULE = Rule(
    code="MPL101",
    name="channel-made-in-worker",
    kind="bug",
    summary="a queue, lock, event or value that processes should share is made inside the worker",
    message=(
        "`{worker}` runs in a process of its own and makes {noun} there, which no other process "
        "ever has"
    ),
    help=(
        "Make it before the process is started, and pass it as an argument: `args=` of a process, "
        "`initargs=` of a pool."
    ),
    visitor=Visitor,
    proof=Hangs("get"),
)
