"""A get that waits for ever when the worker that feeds it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation

QUEUE = (
    "Send something in `finally` in the worker, or wait with `timeout=` in a loop that checks "
    "`is_alive()`; a `ProcessPoolExecutor` passes the error on by itself."
)
PIPE = (
    "Send something in `finally` in the worker, or close the worker's end of the pipe in this "
    "process once the worker is started: then `recv()` raises EOFError when the worker is gone."
)


class Visitor(RuleVisitor):
    @on_operation("get")
    def check(self, node: cst.Call, wait: Operation) -> None:
        found = self.model.waiting.first_starved(wait)
        if found is None:
            return
        failure, later = found
        worker = failure.worker
        related = [(failure.at, failure.here)]
        related += [(site, f"`{worker.name}` is started here") for site in worker.launched_at]
        related += [(site, "and this waits for the same") for site in later]
        asked = self.model.waiting.asked_before(wait)
        self.report(
            node if asked is None else asked.site,
            waits=f"`{wait.text}` waits" if asked is None else f"this loop asks `{asked.text}`",
            worker=worker.name,
            effect=failure.effect,
            cure=failure.cure or (PIPE if wait.kind.role == "connection" else QUEUE),
            related=related,
        )


RULE = Rule(
    code="MPL102",
    name="get-outlives-producer",
    kind="bug",
    summary="a get waits for ever when the worker that should feed it fails",
    message="{waits} for ever when `{worker}` {effect}",
    help="{cure}",
    visitor=Visitor,
    proof=Hangs("get"),
    yields_to=("MPL124", "MPL408"),
)
