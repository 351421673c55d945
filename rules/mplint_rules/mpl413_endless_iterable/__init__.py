"""An iterable without end is given to a call that takes all of it first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("call", "call-later")
    def check(self, node: cst.Call, task: Operation) -> None:
        if self.model.pool_use.endless(task) is not None:
            self.report(node, call=task.text)
            return


RULE = Rule(
    code="MPL413",
    name="endless-iterable",
    kind="bug",
    summary="`map` is given an iterable that has no end, and takes all of it first",
    message=(
        "`{call}` takes every item before it gives the first result, and there is no end to them: "
        "it never returns, and uses up the memory"
    ),
    help=(
        "Use a pool's `imap()` or `imap_unordered()`, which take items as they need them, or cut "
        "the input off with `itertools.islice()`; from Python 3.14 on an executor's `map` has "
        "`buffersize=`."
    ),
    visitor=Visitor,
    proof=Raises("MemoryError"),
)
