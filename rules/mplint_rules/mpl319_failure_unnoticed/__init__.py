"""A process that can fail is joined, and nobody asks whether it has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("join")
    def check(self, node: cst.Call, join: Operation) -> None:
        found = self.model.joining.unnoticed(join)
        if found is not None:
            self.report(
                node,
                call=join.text,
                worker=found.worker.name,
                related=[(found.at, "an error here ends the process")],
            )
            return


RULE = Rule(
    code="MPL319",
    name="failure-unnoticed",
    kind="advice",
    summary="a process that can fail is joined, and nobody asks whether it has failed",
    message=(
        "`{call}` returns as well when `{worker}` has failed: the error is printed, and the "
        "program goes on as if nothing had happened"
    ),
    help=(
        "Look at `exitcode` after the join, which is 0 when all went well, or give the work to an "
        "executor, whose `result()` raises what the work has raised."
    ),
    visitor=Visitor,
    proof=Raises("ValueError", "invalid literal"),
    yields_to=(
        "MPL102",
        "MPL112",
        "MPL120",
        "MPL131",
        "MPL305",
        "MPL307",
        "MPL316",
        "MPL317",
        "MPL322",
    ),
)
