"""How long shared memory and managers live."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mplint.model.sharing.blocks import Blocks
from mplint.model.sharing.managers import Managers

if TYPE_CHECKING:
    from mplint.model.program import Program


class Memory:
    """The questions about what outlives what, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def managers(self) -> Managers:
        """Who uses what managers offer when they are not there."""
        return Managers(self.program)

    @cached_property
    def blocks(self) -> Blocks:
        """How long blocks of shared memory live, and what looks into them."""
        return Blocks(self.program)
