"""Memory and open files that only a forked child has in common with its parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Module(self, node: cst.Module) -> None:
        for found in self.model.inherited.fork_only(self.model.path):
            worker = found.worker.name
            what, cure = _WHAT[found.what]
            related = [(found.use, f"`{worker}` uses it here, in a child")]
            related += [(site, f"`{worker}` is started here") for site in found.worker.launched_at]
            self.report(
                found.at,
                what=what.format(name=found.name, worker=worker),
                cure=cure,
                methods=" and ".join(found.start_methods),
                related=related,
                start_methods=found.start_methods,
            )


_WHAT = {
    "map": (
        "`{name}` is memory without a name: a child that imports the module again makes another "
        "one, and what `{worker}` writes there nobody else sees",
        "Use `multiprocessing.shared_memory`, `RawArray` or `Array`, and pass it as an argument.",
    ),
    "number": (
        "`{name}` is the number of an open file in this process only: in the child of `{worker}` "
        "it is nothing, or another file",
        "Pass an end of `multiprocessing.Pipe()`, a socket, or a path that the child opens.",
    ),
}

RULE = Rule(
    code="MPL609",
    name="shared-by-fork-only",
    kind="portability",
    summary="a worker uses anonymous memory, or the number of a file that its parent has open",
    message="{what} (under {methods})",
    help="{cure}",
    visitor=Visitor,
    applies=Applies(start_methods=("spawn", "forkserver")),
    proof=Differs(),
)
