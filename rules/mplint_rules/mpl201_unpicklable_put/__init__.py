"""Something that cannot be pickled is put on a queue or sent through a pipe."""

import libcst as cst

from mplint.outcome import Hangs
from mplint.rule import Rule, RuleVisitor


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for put in self.model.operations(node, "put"):
            obstacle = self.model.pickling.put_obstacle(put)
            if obstacle is None:
                continue
            made = [(obstacle.made, "it is made here")] if obstacle.made is not None else []
            self.report(
                obstacle.at, what=obstacle.what, call=put.text, effect=put.loses, related=made
            )
            return


RULE = Rule(
    code="MPL201",
    name="unpicklable-put",
    kind="bug",
    summary="something that cannot be pickled is put on a queue or sent through a pipe",
    message="{what} cannot be pickled: `{call}` {effect}",
    help="Send plain data, or the name of a module-level function, and build the rest there.",
    visitor=Visitor,
    proof=Hangs("get"),
)
