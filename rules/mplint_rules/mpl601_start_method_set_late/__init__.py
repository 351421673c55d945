"""A start method that is set when it is fixed already, or that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        at = self.model.number(node)
        if at is None:
            return
        contexts = self.model.contexts
        for activation in self.model.activations(node):
            meant = contexts.misspelt(activation, at)
            if meant is not None:
                self.report(
                    node,
                    why="there is no start method of this name, and this raises ValueError",
                    cure=f'Write "{meant}".',
                )
                return
            fixed = contexts.setting.fixed_before(activation, at)
            if fixed is not None:
                self.report(node, why=_LATE, cure=_FIRST, related=[(fixed.site, fixed.what)])
                return
            if contexts.setting.set_in_children(activation, at):
                self.report(node, why=_AGAIN, cure=_GUARD)
                return


_LATE = (
    "the start method of this program is fixed before: this raises RuntimeError, context has "
    "already been set"
)
_FIRST = (
    'Set it once, as the first thing under `if __name__ == "__main__":`; or leave it alone and '
    "use `context = multiprocessing.get_context(…)` for everything you make."
)
_AGAIN = (
    "every child imports this module and comes here again, where its start method is set already: "
    "it ends with RuntimeError, context has already been set"
)
_GUARD = 'Put it under `if __name__ == "__main__":`, in the program\'s main module.'


RULE = Rule(
    code="MPL601",
    name="start-method-set-late",
    kind="bug",
    summary="the start method is set twice, too late, in every child, or to one that is unknown",
    message="{why}",
    help="{cure}",
    visitor=Visitor,
    proof=Raises("RuntimeError", "context has already been set"),
)
