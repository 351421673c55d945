"""Shared memory whose name goes twice, too early, or never."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for leak in self.model.leaked_blocks(node):
            name = leak.worker.name if leak.worker is not None else ""
            ends = []
            if leak.block.site != leak.at:
                ends.append((leak.block.site, "the shared memory is opened here"))
            if leak.why == "twice":
                also = f"`{name}` unlinks it as well" if name else "it has been before"
                if leak.other is None:
                    also = f"each process of `{name}` does so"
                said = (
                    f"the shared memory is unlinked more than once: {also}, and the second one "
                    "raises FileNotFoundError"
                )
                cure = "Let one process unlink it, the one that has made it; the others close it."
            elif leak.why == "early":
                said = (
                    f"the shared memory is unlinked while `{name}` may not have opened it yet, "
                    "which then raises FileNotFoundError"
                )
                cure = f"Unlink it when `{name}` has been joined, or has said that it is open."
            elif leak.why == "open":
                said = (
                    f"each task of `{name}` leaves the shared memory open: what looks into it goes "
                    "only after the block, which can then not be closed"
                )
                cure = "Delete or release what looks into the block, and close it, in a `finally`."
            else:
                said = "nobody unlinks this shared memory, which with `track=False` stays for good"
                cure = "Call `unlink()` in a `finally`, or leave `track=False` away."
            if leak.other is not None:
                ends.insert(0, (leak.other, _OTHERS[leak.why]))
            self.report(node, said=said, cure=cure, related=ends, start_methods=leak.start_methods)
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
    subjects=("memory",),
)
