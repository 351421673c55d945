"""The start method is pinned to fork."""

import libcst as cst

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        at = self.model.number(node)
        if at is None:
            return
        methods = {
            self.model.contexts.method_named(activation, at)
            for activation in self.model.activations(node)
        }
        if methods == {"fork"}:
            self.report(node)


RULE = Rule(
    code="MPL608",
    name="fork-forced",
    kind="advice",
    summary="the start method is pinned to fork",
    message=(
        "pinned to fork, children begin as a copy of a process of which only one thread lives on: "
        "a lock that another thread holds at that moment stays locked in the child for ever"
    ),
    help=(
        'Use "spawn" or "forkserver", give the workers what they need as arguments, and start '
        'the program under `if __name__ == "__main__":`.'
    ),
    visitor=Visitor,
    proof=Hangs("join"),
)
