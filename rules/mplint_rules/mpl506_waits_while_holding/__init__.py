"""Somebody who holds a lock waits for a process that wants the lock."""

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
            found = self.model.locks.waits_inside(acquire)
            if found is None:
                continue
            related = [
                (acquire.site, "the lock is taken here, and held from here on"),
                (found.wants.site, f"`{found.worker.name}` wants the lock here"),
            ]
            if found.wait.site != found.at:
                related.append((found.wait.site, "this waits"))
            self.report(
                found.at,
                wait=found.wait.text,
                worker=found.worker.name,
                lock=acquire.receiver_text,
                related=related,
            )
            return


RULE = Rule(
    code="MPL506",
    name="waits-while-holding",
    kind="bug",
    summary="a process waits for another one, and holds the lock that the other one needs",
    message=(
        "`{wait}` waits for `{worker}` while `{lock}` is held, and `{worker}` waits for `{lock}`: "
        "both wait for ever"
    ),
    help="Release the lock before you wait: move the wait out of what the lock protects.",
    visitor=Visitor,
    proof=Hangs("join"),
    subjects=("lock", "condition", "value"),
)
