"""A process that is joined before what it has put is taken out."""

import libcst as cst

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        draining = self.model.draining
        joins = self.model.operations(node, "join")
        found = [(join.text, draining.undrained(join)) for join in joins]
        at = self.model.number(node)
        for worker, activation in self.model.launches(node):
            assert at is not None
            text = cst.Module([]).code_for_node(node.func) + "()"
            found.append((text, draining.undrained_launch(worker, activation, at)))
        for call, undrained in found:
            if undrained is None:
                continue
            related = [(undrained.put.site, f"`{undrained.worker.name}` puts it here")]
            if undrained.get is not None:
                related.append((undrained.get.site, "it is taken out only here"))
            related.append((undrained.channel.site, f"{undrained.channel.kind.noun} is made here"))
            when = (
                "which happens only after this"
                if undrained.get is not None
                else "which nobody does"
            )
            self.report(node, call=call, worker=undrained.worker.name, when=when, related=related)
            return


RULE = Rule(
    code="MPL111",
    name="join-before-drain",
    kind="bug",
    summary="a process is joined before what it has put to a queue or pipe is taken out",
    message=(
        "`{call}` waits for `{worker}` to end, and `{worker}` for what it has put to be taken out, "
        "{when}: both wait for ever once that is more than the 64 KiB of a pipe"
    ),
    help="Take the items out first, one `get()` per item that is expected, then join.",
    visitor=Visitor,
    proof=Hangs("join"),
)
