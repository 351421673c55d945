"""What comes before what: puts and closes, results and what they are paired with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mplint.model.program import Program


class Order:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
