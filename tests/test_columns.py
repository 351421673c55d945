"""Which objects are in the columns of `zip(*rows)`, and in what is made of them."""

from __future__ import annotations

from pathlib import Path

from small import Small, small

from mplint.model.values import Container, Made, Values


def values(asked: Small, name: str) -> Values:
    """What an attribute or a variable of the module can be in the end."""
    solver = asked.program.solver
    found = [v for (_, cell), v in solver.cells.items() if name in (cell, *_parts(cell))]
    return frozenset().union(*found)


def _parts(cell: object) -> tuple[object, ...]:
    return cell if isinstance(cell, tuple) else ()


def ends(asked: Small, name: str) -> set[int]:
    """Which ends of pipes the one container behind a name holds."""
    [column] = values(asked, name)
    assert isinstance(column, Container)
    return {v.part for v in asked.program.solver.cells[column, "all"] if isinstance(v, Made)}


def test_rows_that_come_late(tmp_path: Path) -> None:
    """Nothing is left of what was guessed while no row was known."""
    asked = small(
        tmp_path,
        """
        class Crew:
            def __init__(self, count):
                self.pipes = []
                self.fill(count)
                self.ours, self.theirs = zip(*self.pipes)

            def fill(self, count):
                for _ in range(count):
                    self.pipes.append(mp.Pipe())

        Crew(3)
        """,
    )
    assert ends(asked, "ours") == {1}
    assert ends(asked, "theirs") == {2}
