"""What is lost with a process that is killed, or ends with the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mplint.model.program import Program


class Killing:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
