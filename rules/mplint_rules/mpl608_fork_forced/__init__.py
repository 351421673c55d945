"""A program with threads pins the start method to fork."""

import libcst as cst

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        at = self.model.number(node)
        if at is None:
            return
        for activation in self.model.activations(node):
            thread = self.model.contexts.pinned_to_fork(activation, at)
            if thread is not None:
                related = [(site, "a thread is started here") for site in thread.launched_at[:1]]
                self.report(node, thread=thread.name, related=related)
                return


RULE = Rule(
    code="MPL608",
    name="fork-forced",
    kind="advice",
    summary="a program with threads pins the start method to fork",
    message=(
        "pinned to fork, children begin as copies in which the thread of `{thread}` is missing: a "
        "lock that it holds at that moment stays locked in the child for ever"
    ),
    help=(
        'Use "spawn" or "forkserver", give the workers what they need as arguments, and start '
        'the program under `if __name__ == "__main__":`.'
    ),
    visitor=Visitor,
    proof=Hangs("join"),
)
