"""What a manager offers is used when its server is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_With(self, node: cst.With) -> None:
        for ended in self.model.ended_managers(node):
            said = (
                f"`{ended.text}` comes when the `with` of the manager has ended, and with it the "
                "server that holds the data"
            )
            cure = "Use it inside of the `with`, or copy it there: `dict(d)`, `list(xs)`."
            self.report(ended.at, said=said, cure=cure, related=ended.related)
            return

    def visit_Call(self, node: cst.Call) -> None:
        for ended in self.model.ended_managers(node):
            name = ended.worker.name if ended.worker is not None else ""
            if name:
                said = (
                    f"`{name}` uses an object of the manager, whose `with` ends without waiting "
                    "for it"
                )
                cure = "Join the process inside of the `with`."
            elif ended.proxy is not None:
                said = f"`{ended.text}` comes after `shutdown()`, which ends the manager's server"
                cure = "Use it before `shutdown()`, or copy it there."
            elif ended.at == self.model.site(node):
                said = f"`{ended.text}` fails: the manager's server has not been started"
                cure = "Use `with manager:` around it, or call `manager.start()` first."
            else:
                said = (
                    f"the manager of `{ended.text}` ends when the process has been started: nobody "
                    "but its arguments holds it"
                )
                cure = "Keep the manager: `with Manager() as manager:` around start and join."
            self.report(ended.at, said=said, cure=cure, related=ended.related)
            return


RULE = Rule(
    code="MPL510",
    name="manager-ended",
    kind="bug",
    summary="an object of a manager is used when the manager's server is not there",
    message="{said}",
    help="{cure}",
    visitor=Visitor,
    proof=Raises("FileNotFoundError"),
    subjects=("manager",),
)
