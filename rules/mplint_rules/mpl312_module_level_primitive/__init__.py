"""A queue, lock or value that a worker uses by the name of a module's variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.outcome import Differs
from mplint.rule import Applies, Rule, RuleVisitor, on_made

if TYPE_CHECKING:
    import libcst as cst

    from mplint.rule import Made


class Visitor(RuleVisitor):
    @on_made
    def check(self, node: cst.Call, made: Made) -> None:
        found = self.model.inherited.used_by_name(made)
        if found is None:
            return
        worker = found.worker.name
        related = [(found.read.site, f"`{worker}` uses it by its name here, in a child")]
        if found.elsewhere is not None:
            related.append((found.elsewhere, "another process uses its own here"))
        related += [(site, f"`{worker}` is started here") for site in found.worker.launched_at]
        why = _ANEW if found.anew else _MISSING
        self.report(
            node,
            name=found.name,
            worker=worker,
            why=why.format(noun=made.kind.noun, worker=worker),
            effect=_EFFECTS.get(made.kind.role, "") if found.anew else "",
            methods=" and ".join(found.start_methods),
            related=related,
            start_methods=found.start_methods,
        )


_ANEW = "every child imports the module again and makes {noun} of its own"
_MISSING = (
    "only the parent makes {noun} there, and a child that imports the module again does not have it"
)
_EFFECTS = {
    "queue": ": what one process puts, no other one gets",
    "connection": ": what one process sends, no other one receives",
    "lock": ": they do not keep each other out",
    "event": ": when one process sets it, the others do not notice",
    "condition": ": when one process notifies, the others do not notice",
    "barrier": ": each process waits alone",
    "value": ": what one process changes, the others do not see",
}

RULE = Rule(
    code="MPL312",
    name="module-level-primitive",
    kind="portability",
    summary="a queue, lock or value that a worker takes from the module and not as an argument",
    message="`{worker}` uses `{name}` by its name: {why}{effect} (under {methods})",
    help=(
        "Make it under the main guard, or in a function called from there, and pass it: `args=` of "
        "a process, `initializer=` and `initargs=` of a pool."
    ),
    visitor=Visitor,
    applies=Applies(start_methods=("spawn", "forkserver")),
    proof=Differs(),
)
