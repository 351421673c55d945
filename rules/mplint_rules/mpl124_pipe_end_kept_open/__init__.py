"""A reader waits for the end of a pipe whose writing end it holds itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("get")
    def check(self, node: cst.Call, wait: Operation) -> None:
        kept = self.model.pipes.kept_open(wait)
        if kept is None:
            return
        related = [(kept.channel.site, "the pipe is made here")]
        if kept.start is not None:
            related.insert(0, (kept.start, "the reading process is started here"))
        self.report(
            node,
            call=wait.text,
            how=kept.how,
            start_methods=kept.start_methods,
            related=related,
        )


RULE = Rule(
    code="MPL124",
    name="pipe-end-kept-open",
    kind="bug",
    summary="a reader waits for the end of a pipe whose writing end it holds itself",
    message=(
        "`{call}` is repeated until the end of the pipe, which comes only when every copy of the "
        "other end is closed: {how}"
    ),
    help=(
        "Close the other end in the reading process: in the parent after `start()`, in a child "
        "first of all. Or send a sentinel, and stop at it."
    ),
    visitor=Visitor,
    proof=Hangs("recv"),
)
