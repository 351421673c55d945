"""How long an object lives in the process that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mplint.model.program import Program


class References:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
