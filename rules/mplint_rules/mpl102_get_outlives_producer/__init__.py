"""A get that waits for ever when its producer fails."""

import libcst as cst

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for wait in self.model.operations(node, "get"):
            failure = self.model.program.waiting.starved(wait)
            if failure is not None:
                self.report(
                    node,
                    call=wait.text,
                    worker=failure.worker.name,
                    related=[
                        (failure.at, f"{failure.error} here ends `{failure.worker.name}` "),
                        *((site, "started here") for site in failure.worker.launched_at),
                    ],
                )
                return


RULE = Rule(
    code="MPL102",
    name="get-outlives-producer",
    kind="bug",
    summary="a get waits for ever when the worker that feeds it fails",
    message="`{call}` waits for ever when `{worker}` fails",
    help="Put in `finally`.",
    visitor=Visitor,
    proof=Hangs("get"),
)
