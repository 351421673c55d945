"""A pool is made before the functions that it is given are defined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Applies, Rule, RuleVisitor, on_made

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Made


class Visitor(RuleVisitor):
    @on_made
    def check(self, node: cst.Call, made: Made) -> None:
        early = self.model.pool_use.too_early(made)
        if early is not None:
            related = [
                (early.defined, f"`{early.name}` is defined only here"),
                (early.task.site, "it is given to the pool here"),
            ]
            self.report(node, name=early.name, call=early.task.text, related=related)
            return


RULE = Rule(
    code="MPL404",
    name="pool-before-definitions",
    kind="portability",
    summary="a pool forks its processes before the functions that they are to run are defined",
    message=(
        "the processes of the pool are forked before `{name}` is defined and never get to know it: "
        "each fails at its first task with an AttributeError, and `{call}` waits for ever"
    ),
    help="Make the pool below all definitions, under `if __name__ == '__main__':`.",
    visitor=Visitor,
    proof=Hangs("wait"),
    applies=Applies(("fork",)),
    yields_to=("MPL301",),
)
