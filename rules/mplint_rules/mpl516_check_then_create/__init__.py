"""Several processes look whether something is there and then make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for race in self.model.races(node):
            related = [(race.look, "the look is here: another process can come between")]
            starts = race.worker.launched_at
            related += [(site, f"`{race.worker.name}` is started here") for site in starts]
            self.report(
                node,
                call=race.text,
                look=race.look_text,
                worker=race.worker.name,
                related=related,
            )
            return


RULE = Rule(
    code="MPL516",
    name="check-then-create",
    kind="bug",
    summary="several processes look whether a path is there, and then make it",
    message=(
        "`{call}` fails in one of the processes of `{worker}`: two of them can find by `{look}` "
        "that nothing is there, before either has made it"
    ),
    help=(
        "Make it without looking, with `exist_ok=True` or a handler for `FileExistsError`, or make "
        "it once before the processes are started."
    ),
    visitor=Visitor,
    proof=Raises("FileExistsError"),
)
