"""A lock that is taken again by the one who holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        self._check(node)

    def visit_With(self, node: cst.With) -> None:
        self._check(node)

    def _check(self, node: cst.Call | cst.With) -> None:
        for acquire in self.model.acquires(node):
            twice = self.model.locks.taken_twice(acquire)
            if twice is None:
                continue
            related = [(acquire.site, "the lock is taken here, and held from here on")]
            if twice.second != twice.at:
                related.append((twice.second, "this takes it again"))
            self.report(twice.at, lock=acquire.receiver_text, related=related)
            return


RULE = Rule(
    code="MPL507",
    name="lock-taken-twice",
    kind="bug",
    summary="a lock is taken again by the process that holds it, which then waits for itself",
    message="this waits for ever for `{lock}`, which the same process holds",
    help=(
        "Take the lock in one place only: let the inner code run without it, and say so in its "
        "name. Or make it an `RLock()`, which its holder can take again."
    ),
    visitor=Visitor,
    proof=Hangs("__enter__"),
    subjects=("lock", "condition", "value"),
)
