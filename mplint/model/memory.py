"""How long shared memory and managers live."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mplint.model.managers import Managers

if TYPE_CHECKING:
    from mplint.model.program import Program


class Memory:
    """The questions about shared memory, over one program; those about managers in a room of their
    own."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def managers(self) -> Managers:
        """Who uses what managers offer when they are not there."""
        return Managers(self.program)
