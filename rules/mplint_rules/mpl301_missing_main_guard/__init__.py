"""Processes that are started whenever the module is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Module(self, node: cst.Module) -> None:
        found = self.model.startup.unguarded(self.model.path)
        if found is None:
            return
        start = found.start
        related = []
        if start.site != self.model.place(found.at):
            related.append((start.site, f"{start.what} is started here"))
        methods = " and ".join(found.start_methods)
        self.report(
            self.model.place(found.at),
            what=start.what,
            why=found.why,
            when="" if found.guard is not None else f" (under {methods})",
            related=related,
            start_methods=found.start_methods,
        )


RULE = Rule(
    code="MPL301",
    name="missing-main-guard",
    kind="portability",
    summary="processes are started by code that runs whenever the module is imported",
    message="{why}{when}",
    help='Put it under `if __name__ == "__main__":`, or into a function called from there.',
    visitor=Visitor,
    applies=Applies(start_methods=("spawn", "forkserver")),
    proof=Raises("RuntimeError", "bootstrapping phase"),
)
