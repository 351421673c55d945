"""A task whose result nobody reads, so that its errors are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("call-later")
    def check(self, node: cst.Call, task: Operation) -> None:
        dropped = self.model.results.dropped(task)
        if dropped is None:
            return
        related = []
        if dropped.failure is not None:
            related.append((dropped.failure, "an error here is lost"))
        self.report(node, call=task.text, name=dropped.name, lost=dropped.lost, related=related)


RULE = Rule(
    code="MPL401",
    name="result-dropped",
    kind="bug",
    summary="nobody reads the result of a task, so its errors are lost",
    message="an error in `{name}` is lost without a word: `{call}` keeps it in its result, and "
    "{lost}",
    help=(
        "Keep what `{call}` returns and read it: `get()` or `result()` raises the error of the "
        "task, and so does going through the results of `map` or `imap`; `apply_async` and "
        "`map_async` also take `error_callback=`."
    ),
    visitor=Visitor,
    proof=Differs(),
    yields_to=("MPL102", "MPL202", "MPL208", "MPL402"),
)
