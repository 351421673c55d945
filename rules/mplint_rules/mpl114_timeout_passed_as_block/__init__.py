"""A number where `block` stands, or a timeout that `block=False` makes void."""

import libcst as cst

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for operation in self.model.operations(node, "get", "put", "acquire"):
            if operation.kind.family not in ("process", "manager") or not operation.sure:
                continue
            block = operation.constant("block")
            if type(block) in (int, float) and block not in (0, 1):
                self.report(node, call=operation.text)
                return


RULE = Rule(
    code="MPL114",
    name="timeout-passed-as-block",
    kind="bug",
    summary="a timeout is given where `block` stands, or is made void by `block=False`",
    message="`{call}` waits for ever: the number is `block`",
    help="Write `timeout=`.",
    visitor=Visitor,
    proof=Hangs("get"),
)
