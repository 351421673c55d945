"""A target or an argument that cannot be pickled, as spawn and forkserver have to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import AnyOf, Raises
from mplint.rule import Applies, Rule, RuleVisitor, on_handover

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Handover


class Visitor(RuleVisitor):
    @on_handover
    def check(self, node: cst.Call, given: Handover) -> None:
        obstacle = self.model.pickling.start_obstacle(given)
        methods = self.model.pickling.start_methods(given.holder)
        if obstacle is None or obstacle.owner is not None or not methods:
            return
        made = []
        if obstacle.made is not None and obstacle.made != obstacle.at:
            made.append((obstacle.made, "it is made here"))
        self.report(
            obstacle.at,
            call=given.text,
            what=obstacle.what,
            effect=given.refused,
            methods=" and ".join(methods),
            related=made,
            start_methods=methods,
        )


RULE = Rule(
    code="MPL203",
    name="unpicklable-target",
    kind="portability",
    summary="a process is given a function or argument that cannot be pickled, as spawn has to",
    message=(
        "under {methods}, `{call}` pickles what it gives to the child, and cannot pickle {what}: "
        "{effect}"
    ),
    help=(
        "Use a function defined at the top of a module, give it plain data, and open or make the "
        "rest in the child."
    ),
    visitor=Visitor,
    applies=Applies(start_methods=("spawn", "forkserver")),
    # CPython raises the first one until 3.13, the second one from 3.14 on
    proof=AnyOf(
        (Raises("AttributeError", "local object"), Raises("PicklingError", "local object"))
    ),
    yields_to=("MPL128", "MPL302", "MPL303"),
)
