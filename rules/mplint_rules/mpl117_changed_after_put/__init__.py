"""A list, dict or set is changed right after it was put on a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("put")
    def check(self, node: cst.Call, put: Operation) -> None:
        changed = self.model.changing.changed_after(put)
        if changed is None:
            return
        related = [(changed.at, f"`{changed.name}` is changed here, when it may be unsent")]
        self.report(node, call=put.text, name=changed.name, related=related)


RULE = Rule(
    code="MPL117",
    name="changed-after-put",
    kind="bug",
    summary="an object is changed right after it was put, before the queue has pickled it",
    message=(
        "`{call}` returns before `{name}` is pickled, which a background thread does later: the "
        "change that follows is seen by the reader, or not, as it happens"
    ),
    help="Make a new object for the next item, or put a copy of this one.",
    visitor=Visitor,
    proof=Differs(),
)
