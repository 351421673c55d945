"""The initializer of a pool can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_made

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Made


class Visitor(RuleVisitor):
    @on_made
    def check(self, node: cst.Call, made: Made) -> None:
        found = self.model.jobs.unprepared(made)
        if found is not None:
            related = [(found.at, f"{found.error} here ends every process that is started")]
            self.report(
                node,
                name=found.name,
                error=found.error,
                effect=found.effect,
                related=related,
            )
            return


RULE = Rule(
    code="MPL408",
    name="initializer-can-raise",
    kind="bug",
    summary="the initializer of a pool can fail, and the pool starts new processes for ever",
    message=("the initializer `{name}` can fail with {error}: {effect}"),
    help=(
        "Catch the error in the initializer and let the tasks tell of it, do the work before the "
        "pool is made, or use `concurrent.futures.ProcessPoolExecutor`, which raises "
        "`BrokenProcessPool`."
    ),
    visitor=Visitor,
    proof=Hangs("wait"),
)
