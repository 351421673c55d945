"""A name that a process, a pool or an executor does not have: an attribute, a method, a keyword."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Attribute(self, node: cst.Attribute) -> None:
        self._check(node)

    def visit_Call(self, node: cst.Call) -> None:
        self._check(node)

    def _check(self, node: cst.Attribute | cst.Call) -> None:
        for unknown in self.model.unknown_members(node):
            related = [(unknown.made, "it is made here")] if unknown.made is not None else []
            self.report(
                unknown.at,
                written=unknown.written,
                effect=unknown.effect,
                instead=unknown.instead,
                related=related,
            )
            return


RULE = Rule(
    code="MPL326",
    name="unknown-attribute",
    kind="bug",
    summary="a process, pool or executor has no such attribute, method or parameter",
    message="`{written}` {effect}",
    help="{instead}",
    visitor=Visitor,
    proof=Raises("TypeError", "unexpected keyword argument 'arg'"),
    yields_to=("MPL114", "MPL120", "MPL508"),
)
