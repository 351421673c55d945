"""Hashes of texts, and the parent's number: not the same in every process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Module(self, node: cst.Module) -> None:
        for found in self.model.inherited.differing(self.model.path):
            worker = found.worker.name
            what, cure = _WHAT[found.what]
            related = [(site, f"`{worker}` is started here") for site in found.worker.launched_at]
            self.report(
                found.at,
                what=what.format(worker=worker),
                cure=cure,
                methods=" and ".join(found.start_methods),
                related=related,
                start_methods=found.start_methods,
            )


_WHAT = {
    "hash": (
        "`hash()` of a text is another number in every process that is not forked: `{worker}` does "
        "not agree on it with the others",
        "Use `zlib.crc32()` or `hashlib`, which give the same everywhere.",
    ),
    "parent": (
        "`os.getppid()` is the number of the fork server in `{worker}`, not of the process that "
        "started it",
        "Use `multiprocessing.parent_process().pid`.",
    ),
}

RULE = Rule(
    code="MPL610",
    name="value-differs-per-process",
    kind="advice",
    summary="a worker relies on `hash()` of a text, or on `os.getppid()`",
    message="{what} (under {methods})",
    help="{cure}",
    visitor=Visitor,
    applies=Applies(start_methods=("spawn", "forkserver")),
    proof=Differs(),
)
