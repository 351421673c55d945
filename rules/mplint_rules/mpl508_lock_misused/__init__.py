"""A lock that is used in a way that does not lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mplint.outcome import AnyOf, Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        self._report(node, self.model.misused_locks(node))

    def visit_Expr(self, node: cst.Expr) -> None:
        self._report(node.value, self.model.uncalled_locks(node))

    def visit_If(self, node: cst.If) -> None:
        self._report(node.test, self.model.tested_locks(node.test))

    def visit_While(self, node: cst.While) -> None:
        self._report(node.test, self.model.tested_locks(node.test))

    def _report(self, node: cst.CSTNode, found: list[Any]) -> None:
        for misuse in found[:1]:
            related = [misuse.other] if misuse.other is not None else []
            if misuse.made is not None:
                related.append((misuse.made, "the lock is made here"))
            self.report(
                node,
                written=misuse.written,
                effect=misuse.effect,
                instead=misuse.instead,
                related=related,
            )


RULE = Rule(
    code="MPL508",
    name="lock-misused",
    kind="bug",
    summary="a lock is used in a way that does not lock, or is released too often",
    message="`{written}` {effect}",
    help="{instead}",
    visitor=Visitor,
    proof=AnyOf(
        (
            Raises("TypeError", "does not support the context manager protocol"),
            Raises("AttributeError", "__enter__"),
        )
    ),
    subjects=("lock", "condition", "value"),
)
