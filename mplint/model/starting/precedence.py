"""What certainly comes before what, by where it stands: a place comes before a later one when all
that could leave it out is around both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mplint.model import facts as f

if TYPE_CHECKING:
    from mplint.model.outline import Around
    from mplint.model.program import Program
    from mplint.model.values import Activation

MAX_CALLS = 3
"""How far up and down the calls we look."""


def chain(program: Program, activation: Activation, at: int) -> Iterator[tuple[Activation, int]]:
    """A place, the place of the only call of its function, and so on."""
    for _ in range(MAX_CALLS):
        yield activation, at
        edges = [edge for edge in program.callers[activation] if edge.launch is None]
        outside = activation in program.solver.from_outside
        if outside or len({(edge.caller, edge.at) for edge in edges}) != 1:
            return
        activation, at = edges[0].caller, edges[0].at


def is_unconditional(
    program: Program, activation: Activation, at: int, *, loops: bool = False
) -> bool:
    """Whether a place of a function is always come to, failures aside; with `loops`, a loop is
    taken to turn."""
    return all(_is_plain(frame, loops) for frame in program.outline(activation).around(at))


def comes_before(
    program: Program, activation: Activation, first: int, second: int, *, loops: bool = False
) -> bool:
    """Whether a place of a function is always come to before another one."""
    if first >= second:
        return False
    outline = program.outline(activation)
    around = [(id(frame.node), frame.part, frame.index) for frame in outline.around(second)]
    return all(
        _is_plain(frame, loops) or (id(frame.node), frame.part, frame.index) in around
        for frame in outline.around(first)
    )


def _is_plain(frame: Around, loops: bool) -> bool:
    """Whether what stands in this part of something is always come to."""
    node, part = frame.node, frame.part
    if isinstance(node, f.With):
        return True
    if isinstance(node, f.For):
        return part == "test" or (loops and part == "body")
    if isinstance(node, f.Comprehension):
        return loops
    if isinstance(node, f.Try):
        return part in ("body", "final")
    if isinstance(node, f.Branch):
        return part == "test" and frame.index == 0
    if isinstance(node, (f.While, f.Match)):
        return part == "test"
    return not isinstance(node, (f.Conditional, f.Boolean))
