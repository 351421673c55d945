"""Something looks into shared memory that is closed, or goes with the function that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        self._check(node)

    def visit_Return(self, node: cst.Return) -> None:
        self._check(node)

    def _check(self, node: cst.Call | cst.Return) -> None:
        for found in self.model.outlived_blocks(node):
            related = [(found.block.site, "the shared memory is opened here")]
            if found.view is not None:
                related.insert(0, (found.view, "this looks into the shared memory"))
            crash = "the process is killed by SIGSEGV" if found.how == "array" else "this raises"
            if found.why == "pinned":
                said = (
                    f"`close()` raises `BufferError: cannot close exported pointers exist`: "
                    f"`{found.text}` still looks into the shared memory"
                )
                cure = f"Write `del {found.text}`, or release it, before the close."
            elif found.why == "used":
                related.append((self.model.site(node), "it is closed here"))
                said = f"`{found.text}` is used after the shared memory is closed: {crash}"
                cure = "Use it before the close, or copy what you need: `bytes(…)`, `array.copy()`."
            else:
                said = (
                    f"what `{found.text}` looks into is closed when the function ends, as nothing "
                    f"else holds the shared memory: at its first use {crash}"
                )
                cure = "Return the `SharedMemory` object with it, and keep it as long; or a copy."
            self.report(found.at, said=said, cure=cure, related=related)
            return


RULE = Rule(
    code="MPL511",
    name="view-outlives-shared-memory",
    kind="bug",
    summary="a view or array of shared memory that lives longer than the block it looks into",
    message="{said}",
    help="{cure}",
    visitor=Visitor,
    proof=Raises("BufferError", "cannot close exported pointers exist"),
    subjects=("memory",),
)
