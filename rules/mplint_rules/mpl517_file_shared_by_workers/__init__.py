"""Several processes write one file, each with a file object or a buffer of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        for shared in self.model.shared_files(node):
            name = shared.worker.name
            starts = shared.worker.launched_at
            related = [(site, f"`{name}` is started here") for site in starts]
            if shared.rotates:
                said = (
                    f"each process of `{name}` has a handler of its own for the same log file, and "
                    "renames the file while the others write to it: records are lost"
                )
                cure = (
                    "Send the records to one process, with a `QueueHandler` and a `QueueListener`."
                )
            else:
                said = (
                    f"each process of `{name}` opens the same file and empties it: what the others "
                    "have written is lost"
                )
                cure = "Give each process a file of its own, or let one process do the writing."
            self.report(node, said=said, cure=cure, related=related)
            return
        for write in self.model.operations(node):
            unsaved = self.model.files.unsaved(write)
            if unsaved is not None:
                name = unsaved.worker.name
                said = (
                    f"what `{name}` writes here is lost in part: the parent has opened the file, "
                    "and a forked process ends without saving what is still in the buffer"
                )
                cure = f"Open the file in `{name}`, in a `with`; or flush or close it there."
                related = [(unsaved.file.site, "the file is opened here")]
                starts = unsaved.worker.launched_at
                related += [(site, f"`{name}` is started here") for site in starts]
                methods = unsaved.start_methods
                self.report(node, said=said, cure=cure, related=related, start_methods=methods)
                return


RULE = Rule(
    code="MPL517",
    name="file-shared-by-workers",
    kind="bug",
    summary="a file that several processes open for writing, or that a worker leaves unsaved",
    message="{said}",
    help="{cure}",
    visitor=Visitor,
    proof=Differs(),
    yields_to=("MPL202",),
)
