"""A process is killed while it reads from or writes to a queue that is used afterwards."""

import libcst as cst

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for kill in self.model.operations(node, "kill"):
            found = self.model.killing.broken(kill)
            if found is not None:
                effect = (
                    "half an item is left in the queue, and whoever reads next waits for the rest"
                    if found.writing
                    else "it takes the lock for reading with it, and nobody reads from it any more"
                )
                act = "puts to" if found.writing else "waits at"
                self.report(
                    node,
                    call=kill.text,
                    act=act,
                    effect=effect,
                    related=[
                        (found.held.site, "here it is when it is killed"),
                        (found.use.site, "the queue is used after that"),
                        (found.channel.site, f"{found.channel.kind.noun} is made here"),
                    ],
                )
                return


RULE = Rule(
    code="MPL321",
    name="terminate-while-sharing",
    kind="bug",
    summary="a process is killed while it uses a queue that others go on using",
    message="`{call}` kills a process that {act} a queue: {effect}",
    help=(
        "Tell the process to end, by an item that means so, and join it; take out first what it "
        "puts. After a kill, make a new queue."
    ),
    visitor=Visitor,
    proof=Hangs("get"),
)
