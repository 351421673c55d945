"""A process is started twice, joined before it is started, used after it is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        call, life = self.model.expression(node), self.model.lifecycle
        for activation in self.model.activations(node):
            given = life.group_given(call, activation) if call is not None else None
            if given is not None:
                what = "the first argument of a process is a group, which must be None"
                self.report(self.model.place(given.at), what=what, cure="Write `target=`, `args=`.")
                return
        for operation in self.model.operations(node, "join", "alive"):
            started = life.joined_by_stranger(operation)
            if started is not None:
                what = f"`{operation.text}` is called in another process than the one that started"
                self.report(
                    node,
                    what=f"{what} the process: only that one knows what becomes of it",
                    cure="Wait for it where it is started.",
                    related=[(started, "the process is started here")],
                )
                return
        self.check(node)

    def check(self, node: cst.CSTNode) -> None:
        at = self.model.number(node)
        for activation in self.model.activations(node):
            wrong = self.model.lifecycle.wrong_state(at, activation) if at is not None else None
            if wrong is not None:
                before = [] if wrong.before is None else [(wrong.before, "it comes after this")]
                self.report(node, what=wrong.what, cure=wrong.cure, related=before)
                return

    visit_Attribute = check


RULE = Rule(
    code="MPL307",
    name="wrong-process-state",
    kind="bug",
    summary="a process is started twice, joined before it is started, or used after it is closed",
    message="{what}",
    help="{cure}",
    visitor=Visitor,
    proof=Raises("AssertionError", "cannot start a process twice"),
    yields_to=("MPL305", "MPL306"),
)
