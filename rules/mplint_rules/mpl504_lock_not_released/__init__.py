"""A lock that is acquired by hand and not released on every way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("acquire")
    def check(self, node: cst.Call, acquire: Operation) -> None:
        kept = self.model.locks.kept(acquire)
        if kept is None:
            return
        related = [(kept.release.site, "it is released only here")]
        if kept.at is not None:
            related.insert(0, (kept.at, f"when {kept.how} here, the lock is still held"))
        self.report(
            node,
            call=acquire.text,
            lock=acquire.receiver_text,
            how=kept.how,
            related=related,
        )


RULE = Rule(
    code="MPL504",
    name="lock-not-released",
    kind="bug",
    summary="a lock is acquired and stays taken when an error or a return comes in between",
    message=(
        "what `{call}` takes is not released when {how}: whoever wants `{lock}` next waits for ever"
    ),
    help=(
        "Write `with {lock}:` around what the lock protects: it releases on every way out. "
        "Or release in `finally:`."
    ),
    visitor=Visitor,
    proof=Hangs("acquire"),
)
