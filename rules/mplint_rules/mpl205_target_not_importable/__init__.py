"""A function or class that the child does not find where its name says it is."""

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
        missing = self.model.importing.missing(given)
        if missing is not None:
            self.report(
                missing.at,
                what=missing.what,
                methods=_listed(missing.start_methods),
                effect=missing.effect,
                related=[(missing.defined, "it is defined here")],
                start_methods=missing.start_methods,
            )
            return

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        for worker in self.model.process_classes(node):
            methods = self.model.importing.missing_class(worker)
            if methods:
                what = f"`{worker.name}`, which is defined under the main guard"
                self.report(
                    self.model.site(node),
                    what=f"{what}, where no child comes",
                    methods=_listed(methods),
                    effect="the child process ends with an AttributeError",
                    start_methods=methods,
                )
                return


def _listed(methods: tuple[str, ...]) -> str:
    return "every start method" if len(methods) == 3 else " and ".join(methods)


RULE = Rule(
    code="MPL205",
    name="target-not-importable",
    kind="portability",
    summary="a child cannot find a function or class again by its name",
    message=(
        "under {methods}, the child is told the name of what it is to run and looks it up; it does "
        "not find {what}: {effect}"
    ),
    help=(
        "Define it at the top of a module, above the main guard, under the name that it is used "
        "by; put `@functools.wraps(function)` on the inner function of a decorator."
    ),
    visitor=Visitor,
    applies=Applies(start_methods=("spawn", "forkserver")),
    proof=Raises("AttributeError", "attribute 'work'"),
    yields_to=("MPL301", "MPL311"),
)
