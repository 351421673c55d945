"""A worker's process reads standard input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def check(self, node: cst.CSTNode) -> None:
        at = self.model.number(node)
        for activation in self.model.activations(node):
            worker = self.model.children.reads_input(at, activation) if at is not None else None
            if worker is not None:
                related = [
                    (site, f"`{worker.name}` is started here") for site in worker.launched_at
                ]
                text = self.model.text(getattr(node, "func", node))
                self.report(node, text=text, worker=worker.name, related=related)
                return

    visit_Call = visit_Attribute = check


RULE = Rule(
    code="MPL322",
    name="stdin-in-child",
    kind="bug",
    summary="a worker reads standard input, which is empty in a child process",
    message=(
        "`{text}` finds nothing to read: it runs in the process of `{worker}`, and "
        "multiprocessing replaces the standard input of a child by an empty one"
    ),
    help="Read in the main process, and pass what was read as an argument or through a queue.",
    visitor=Visitor,
    proof=Raises("EOFError", "EOF when reading a line"),
)
