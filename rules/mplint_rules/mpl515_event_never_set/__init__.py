"""A wait for an event that nobody sets, or whose setter can end before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("wait")
    def check_wait(self, node: cst.Call, wait: Operation) -> None:
        unset = self.model.signals.unset(wait)
        if unset is None:
            return
        related = [(unset.event.site, "the event is made here")]
        failure = unset.failure
        if failure is not None:
            starts = failure.worker.launched_at
            related += [(site, f"`{failure.worker.name}` is started here") for site in starts]
            ends = f"{failure.what} here ends the process before it sets the event"
            related.insert(0, (failure.at, ends))
        elif unset.blocked is not None and unset.late is not None:
            late = "set" if unset.blocked.does == "join" else "started"
            related.insert(0, (unset.blocked.site, "this comes first"))
            related.insert(1, (unset.late.site, f"it is {late} only here"))
        why = f"`{wait.text}` waits for ever: {unset.why}"
        self.report(node, said=why, cure=unset.cure, related=related)

    @on_operation("clear")
    def check_clear(self, node: cst.Call, clear: Operation) -> None:
        pulse = self.model.signals.pulse(clear)
        if pulse is not None:
            said = (
                f"`{clear.text}` comes right after `set()`: a process that is not yet in "
                f"`{pulse.wait.text}` finds the event cleared and waits for ever"
            )
            cure = "Leave the event set, or clear it in the process that has waited for it."
            related = [
                (pulse.wait.site, "this waits for the event"),
                (pulse.event.site, "the event is made here"),
            ]
            self.report(node, said=said, cure=cure, related=related)


RULE = Rule(
    code="MPL515",
    name="event-never-set",
    kind="bug",
    summary="a wait for an event that nobody sets, or whose setter can end before",
    message="{said}",
    help="{cure}",
    visitor=Visitor,
    yields_to=("MPL316",),
    proof=Hangs("wait"),
)
