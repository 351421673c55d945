"""Processes that are started when the main module has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Module(self, node: cst.Module) -> None:
        for late in self.model.afterwards.late_starts(self.model.path):
            note, why = _BY[late.by]
            self.report(
                late.start.site,
                what=late.start.what,
                why=why,
                methods=", ".join(late.start_methods),
                related=[(late.registered, note)],
                start_methods=late.start_methods,
            )


_BY = {
    "exit": ("the function is registered here", "an exit handler comes to this"),
    "thread": ("the thread is started here, and nobody joins it", "a thread comes to this"),
}

RULE = Rule(
    code="MPL324",
    name="process-after-main",
    kind="portability",
    summary="an exit handler, or a thread that outlives the main module, starts processes",
    message=(
        "{why} when the main module has ended: {what} that is started now cannot find the module "
        "again, and fails or hangs (under {methods})"
    ),
    help=(
        "Start processes before the end of the main module: in `main()`, in a `finally`, or in a "
        "thread that `main()` joins."
    ),
    visitor=Visitor,
    applies=Applies(start_methods=("spawn", "forkserver")),
    proof=Raises("AttributeError", "work"),
)
