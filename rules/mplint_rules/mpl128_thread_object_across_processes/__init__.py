"""A queue, lock or event for threads that is meant to reach another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs, Raises
from mplint.rule import Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Call(self, node: cst.Call) -> None:
        at = self.model.number(node)
        assert at is not None
        sharing = self.model.sharing
        for worker, activation in self.model.launches(node):
            for given in sharing.thread_objects_given(worker, activation, at):
                made = [(given.made.site, "it is made here")]
                noun = given.made.kind.noun
                effect = _COPIED if given.made.kind.family == "asyncio" else _COPIED_OR_REFUSED
                self.report(given.at, noun=noun, worker=worker.name, effect=effect, related=made)
        for made_here in self.model.made(node):
            used = sharing.thread_global(made_here)
            if used is not None:
                related = list(used.uses)
                noun, name = made_here.kind.noun, used.worker.name
                related += [(site, f"`{name}` is started here") for site in used.worker.launched_at]
                self.report(node, noun=noun, worker=name, effect=_ANOTHER, related=related)
                return


_COPIED = "gets a copy that nobody else sees"
_COPIED_OR_REFUSED = (
    "gets a copy that nobody else sees (fork), or cannot be started with it (spawn, forkserver)"
)
_ANOTHER = "has another one under this name, whatever the start method"


RULE = Rule(
    code="MPL128",
    name="thread-object-across-processes",
    kind="bug",
    summary="a queue, lock or event for threads is used to reach another process",
    message=("{noun} stays in one process: `{worker}` runs in another and {effect}"),
    help="Use the one of `multiprocessing`: `multiprocessing.Queue()`, `Lock()`, `Event()`.",
    visitor=Visitor,
    proof={
        "fork": Differs(),
        "spawn": Raises("TypeError", "cannot pickle '_thread.lock' object"),
        "forkserver": Raises("TypeError", "cannot pickle '_thread.lock' object"),
    },
)
