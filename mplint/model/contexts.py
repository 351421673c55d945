"""Which start method is set where, and what belongs to which."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mplint.model.program import Program


class Contexts:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
