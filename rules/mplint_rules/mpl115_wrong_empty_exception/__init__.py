"""A handler that cannot catch what an empty or full queue raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor, on_operation

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Operation


class Visitor(RuleVisitor):
    @on_operation("get", "put", "result", "wait")
    def check(self, node: cst.Call, call: Operation) -> None:
        wrong = self.model.interfaces.wrong_handler(call)
        if wrong is None:
            return
        why = (
            "there is no such name, and the handler itself raises AttributeError"
            if wrong.missing
            else "that is another exception, and this one goes past it"
        )
        self.report(
            wrong.handler,
            written=wrong.written,
            call=call.text,
            error=wrong.error,
            why=why,
            related=[(call.site, f"this raises `{wrong.error}`")],
        )


RULE = Rule(
    code="MPL115",
    name="wrong-empty-exception",
    kind="bug",
    summary="an `except` around a get, put or result cannot catch what it raises",
    message="`except {written}` cannot catch the `{error}` that `{call}` raises: {why}",
    help="Write `except {error}`, after an import of its module.",
    visitor=Visitor,
    proof=Raises("AttributeError", "'Empty'"),
)
