"""A process that is joined before what it has put is taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        draining = self.model.draining
        joins = self.model.operations(node, "join")
        found = [(_JOIN, join.text, draining.undrained(join)) for join in joins]
        at = self.model.number(node)
        for worker, activation in self.model.launches(node):
            assert at is not None
            text = self.model.text(node.func) + "()"
            found.append((_JOIN, text, draining.undrained_launch(worker, activation, at)))
        for last in self.model.operations(node, "start", "put"):
            how = _OWN if last.does == "put" else _EXIT
            found.append((how, last.text, draining.left_at_exit(last)))
        for how, call, undrained in found:
            if undrained is None:
                continue
            name = undrained.worker.name if undrained.worker is not None else "the program"
            related = [(undrained.put.site, f"`{name}` puts it here")]
            if undrained.get is not None:
                related.append((undrained.get.site, "it is taken out only here"))
            related.append((undrained.channel.site, f"{undrained.channel.kind.noun} is made here"))
            late = "only after this" if how is _JOIN else "too rarely"
            when = f"which happens {late}" if undrained.get is not None else "which nobody does"
            waits = how.format(call=call, worker=name)
            all_wait = "it waits" if how is _OWN else "both wait"
            related = related[how is _OWN :]
            self.report(node, waits=waits, when=when, all_wait=all_wait, related=related)
            return


_TAKEN = "and `{worker}` for what it has put to be taken out"
_JOIN = "`{call}` waits for `{worker}` to end, " + _TAKEN
_EXIT = "at its end, the program waits for `{worker}`, " + _TAKEN
_OWN = "at its end, the program waits for what `{call}` has put to be taken out"


RULE = Rule(
    code="MPL111",
    name="join-before-drain",
    kind="bug",
    summary="a process is joined before what it has put to a queue or pipe is taken out",
    message="{waits}, {when}: {all_wait} for ever once that is more than the 64 KiB of a pipe",
    help="Take the items out first, one `get()` per item that is expected, then join.",
    visitor=Visitor,
    proof=Hangs("join"),
    subjects=("queue", "connection"),
)
