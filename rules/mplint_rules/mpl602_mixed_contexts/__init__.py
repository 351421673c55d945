"""A queue, lock or value of the fork context that is given to a process that is not forked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import AnyOf, Hangs, Raises
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        at = self.model.number(node)
        if at is None:
            return
        for activation in self.model.activations(node):
            found = self.model.contexts.mixed(activation, at)
            if found is not None:
                self.report(
                    node,
                    noun=found.made.kind.noun,
                    name=found.given,
                    owner=found.owner,
                    holder=found.holder,
                    related=[(found.made.site, f"{found.made.kind.noun} is made here")],
                    start_methods=found.start_methods,
                )
                return


RULE = Rule(
    code="MPL602",
    name="mixed-contexts",
    kind="bug",
    summary="an object of the fork context is given to a process of another one",
    message=(
        "{noun} of one start method ({owner}) is given as `{name}` to a process of another "
        "({holder}), which cannot find it: to start it raises RuntimeError, and older Pythons "
        "let the child crash"
    ),
    help="Make both with one context: `context = multiprocessing.get_context(…)`, "
    "`context.Queue()`, `context.Process(…)`.",
    visitor=Visitor,
    # objects of the fork context fit to processes of the default one as long as that is fork
    applies=Applies(narrowed=("spawn", "forkserver")),
    # until 3.11.4, the child dies by a segmentation fault, and whoever waits for it hangs
    proof=AnyOf((Raises("RuntimeError", "in a fork context"), Hangs("get"))),
)
