"""An object that cannot be pickled goes along with its method, or is a process itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Raises
from mplint.rule import Applies, Rule, RuleVisitor, on_handover

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Handover


class Visitor(RuleVisitor):
    @on_handover
    def check(self, node: cst.Call, given: Handover) -> None:
        pickling = self.model.pickling
        if given.task is not None:
            obstacle, methods = pickling.task_obstacle(given.task), None
        else:
            obstacle = pickling.start_obstacle(given)
            methods = pickling.start_methods(given.holder)
        if obstacle is None or obstacle.owner is None or methods == ():
            return
        self.report(
            obstacle.at,
            carrier="a method goes to another process together with its object",
            what=obstacle.what,
            effect=given.refused,
            related=[(obstacle.made, "it is made here")] if obstacle.made is not None else [],
            start_methods=methods,
        )

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        for worker in self.model.process_classes(node):
            obstacle = self.model.pickling.self_obstacle(worker)
            methods = self.model.pickling.start_methods(worker.holder)
            if obstacle is None or obstacle.held is None or not methods:
                continue
            here = obstacle.held.path == self.model.path
            self.report(
                obstacle.held if here else self.model.site(node),
                carrier="a process object goes to the child that it starts",
                what=obstacle.what,
                effect=f"under {' and '.join(methods)}, `start()` raises an error",
                related=[(obstacle.made, "it is made here")] if obstacle.made is not None else [],
                start_methods=methods,
            )
            return


RULE = Rule(
    code="MPL204",
    name="unpicklable-self",
    kind="bug",
    summary="an object goes to another process with its method, and holds what cannot be pickled",
    message=("{carrier}, and {what}, cannot be pickled: {effect}"),
    help=(
        "Make it in the child, leave it out of the pickle with `__getstate__`, or use a plain "
        "function or a `@staticmethod`, which does not need the object."
    ),
    visitor=Visitor,
    # a pool pickles under every start method, to start a process does not with fork
    applies=Applies(narrowed=("spawn", "forkserver")),
    proof=Raises("TypeError", "cannot pickle"),
    yields_to=("MPL128",),
)
