"""A process is killed while it reads from or writes to a queue that is used afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("kill")
    def check(self, node: cst.Call, kill: Operation) -> None:
        killing = self.model.killing
        found = killing.broken(kill)
        if found is not None:
            act = "puts to a queue" if found.writing else "waits at a queue"
            related = [
                (found.held.site, "here it is when it is killed"),
                (found.use.site, "the queue is used after that"),
                (found.channel.site, f"{found.channel.kind.noun} is made here"),
            ]
            effect = _HALF if found.writing else _LOCKED
            self.report(node, call=kill.text, act=act, effect=effect, related=related)
            return
        held = killing.holding(kill)
        if held is not None:
            related = [
                (held.acquire.site, "it has acquired the lock here when it is killed"),
                (held.use.site, "the lock is wanted here after that"),
            ]
            self.report(node, call=kill.text, act="holds a lock", effect=_KEPT, related=related)
            return


_HALF = "half an item is left in the queue, and whoever reads next waits for the rest"
_LOCKED = "it takes the lock for reading with it, and nobody reads from it any more"
_KEPT = "nobody gives the lock back, and whoever wants it next waits for ever"


RULE = Rule(
    code="MPL321",
    name="terminate-while-sharing",
    kind="bug",
    summary="a process is killed while it uses a queue that others go on using",
    message="`{call}` kills a process that {act}: {effect}",
    help=(
        "Tell the process to end, by an item that means so, and join it; take out first what it "
        "puts. After a kill, make a new queue or lock."
    ),
    visitor=Visitor,
    proof=Hangs("get"),
)
