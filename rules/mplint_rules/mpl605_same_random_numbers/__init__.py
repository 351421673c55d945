"""Random numbers that are the same in several processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import AnyOf, Differs, Quiet
from mplint.rule import Applies, Rule, RuleVisitor

if TYPE_CHECKING:
    import libcst as cst


class Visitor(RuleVisitor):
    def visit_Module(self, node: cst.Module) -> None:
        for same in self.model.inherited.same_numbers(self.model.path):
            worker = same.worker.name
            related = [(site, f"`{worker}` is started here") for site in same.worker.launched_at]
            if same.made is not None:
                related.insert(0, (same.made, "the generator is made here, once for all of them"))
            self.report(
                same.use,
                worker=worker,
                what=same.what,
                related=related,
                start_methods=same.start_methods,
            )


RULE = Rule(
    code="MPL605",
    name="same-random-numbers",
    kind="portability",
    summary="forked workers draw the same random numbers, from copies of one generator",
    message=(
        "every process of `{worker}` begins with a copy of {what} as it was before the fork, so "
        "they all draw the same numbers"
    ),
    help=(
        "Give each process a generator of its own, made in the worker: "
        "`random.Random()`, or `numpy.random.default_rng(seed)` with a seed per process from "
        "`numpy.random.SeedSequence(...).spawn(n)`."
    ),
    visitor=Visitor,
    applies=Applies(start_methods=("fork", "forkserver")),
    # a fork server imports the main module from Python 3.14 on, and in late releases of 3.13
    proof={"fork": Differs(), "forkserver": AnyOf((Differs(), Quiet()))},
)
