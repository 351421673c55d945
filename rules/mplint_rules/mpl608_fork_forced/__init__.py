"""A program with threads pins the start method to fork."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        at = self.model.number(node)
        if at is None:
            return
        for activation in self.model.activations(node):
            started = self.model.contexts.pinned_to_fork(activation, at)
            if started is not None:
                related = [(started.site, "a thread is started here")]
                self.report(node, call=started.text, related=related)
                return


RULE = Rule(
    code="MPL608",
    name="fork-forced",
    kind="advice",
    summary="a program with threads pins the start method to fork",
    message=(
        "pinned to fork, children begin as copies in which the thread of `{call}` is missing: a "
        "lock that it holds in that moment stays locked in the child for ever"
    ),
    help=(
        'Use "spawn" or "forkserver", give the workers what they need as arguments, and start '
        'the program under `if __name__ == "__main__":`.'
    ),
    visitor=Visitor,
    proof=Hangs("join"),
    yields_to=("MPL603",),
    subjects=("thread",),
)
