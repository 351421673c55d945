"""Shared memory whose name goes twice, too early, or never."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for leaked in self.model.leaked_blocks(node):
            name = leaked.worker.name if leaked.worker is not None else ""
            related = []
            if leaked.block.site != leaked.at:
                related.append((leaked.block.site, "the shared memory is opened here"))
            if leaked.why == "twice":
                also = f"`{name}` unlinks it as well" if name else "it has been before"
                if leaked.other is None:
                    also = f"each process of `{name}` does so"
                said = (
                    f"the shared memory is unlinked more than once: {also}, and the second one "
                    "raises FileNotFoundError"
                )
                cure = "Let one process unlink it, the one that has made it; the others close it."
            elif leaked.why == "early":
                said = (
                    f"the shared memory is unlinked while `{name}` may not have opened it yet, "
                    "which then raises FileNotFoundError"
                )
                cure = f"Unlink it when `{name}` has been joined, or has said that it is open."
            elif leaked.why == "open":
                said = (
                    f"each task of `{name}` leaves the shared memory open: what looks into it goes "
                    "only after the block, which can then not be closed"
                )
                cure = "Delete or release what looks into the block, and close it, in a `finally`."
            else:
                said = (
                    "nobody unlinks this shared memory: with `track=False` it stays in the "
                    "system's memory when all processes have ended"
                )
                cure = "Call `unlink()` in a `finally`, or leave `track=False` away."
            if leaked.other is not None:
                related.insert(0, (leaked.other, _OTHERS[leaked.why]))
            methods = leaked.start_methods
            self.report(node, said=said, cure=cure, related=related, start_methods=methods)
            return


_OTHERS = {
    "twice": "this is the other unlink",
    "early": "it is started here",
    "open": "this looks into it",
}


RULE = Rule(
    code="MPL512",
    name="shared-memory-leaked",
    kind="bug",
    summary="shared memory that is unlinked twice, too early or never, or left open",
    message="{said}",
    help="{cure}",
    visitor=Visitor,
    # a block that is given to a forked child is open there from the beginning
    applies=Applies(narrowed=("spawn", "forkserver")),
    proof=Raises("FileNotFoundError"),
)
