"""A queue or lock that the parent drops before the child it is for has got it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Applies, Rule, RuleVisitor, on_made

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Made


class Visitor(RuleVisitor):
    @on_made
    def check(self, node: cst.Call, made: Made) -> None:
        found = self.model.references.dropped(made)
        if found is None:
            return
        related = [(found.last, "the process is started here, and still far from running")]
        related += [
            (site, f"it is given to `{found.worker.name}` here")
            for site in found.worker.launched_at
        ]
        self.report(
            node,
            noun=made.kind.noun,
            worker=found.worker.name,
            how=_HOW[found.how],
            methods=", ".join(found.start_methods),
            related=related,
            start_methods=found.start_methods,
        )


_HOW = {
    "inline": "nothing in the parent keeps it once the process is started",
    "returns": "the function that keeps it ends at once",
    "rebound": "the next turn of the loop puts another one in its place",
    "ends": "the program ends at once, and takes it away before it waits for the child",
}

RULE = Rule(
    code="MPL314",
    name="dropped-before-child-starts",
    kind="portability",
    summary="the parent drops a queue or lock before the child that is given it has started",
    message=(
        "`{worker}` is given {noun}, but {how}: it is gone before the child can open it, and the "
        "child fails with FileNotFoundError (under {methods})"
    ),
    help="Keep it in a variable of the parent until the process is joined.",
    visitor=Visitor,
    applies=Applies(start_methods=("spawn", "forkserver")),
    proof=Raises("FileNotFoundError", "No such file or directory"),
    yields_to=("MPL510",),
)
