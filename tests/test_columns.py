"""Which objects are in the columns of `zip(*rows)`, and in what is made of them."""

from __future__ import annotations

import re
from pathlib import Path

import libcst as cst
import pytest
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


ALL = {"Queue", "SimpleQueue", "JoinableQueue"}


@pytest.mark.parametrize(
    ("rows", "body", "kinds"),
    [
        # as long as it is known how long the rows are
        ("(a, b) (a, c)", "here, _ = zip(*rows)", {"Queue"}),
        ("(a, b) (a, c)", "_, here = zip(*rows)", {"SimpleQueue", "JoinableQueue"}),
        ("[a, b]", "_, here = zip(*rows)", {"SimpleQueue"}),
        ("(a, b, c)", "here = tuple(zip(*rows))[-1]", {"JoinableQueue"}),
        ("(a, b, c)", "here = list(zip(*rows))[-1]", {"JoinableQueue"}),
        ("(a, b, c)", "here = tuple(tuple(zip(*rows)))[-1]", {"JoinableQueue"}),
        # as far as the shortest goes
        ("(a, b, c) (a, b)", "here = tuple(zip(*rows))[-1]", {"SimpleQueue"}),
        (
            "(a, b, c) (a, b)",
            "here = [it for column in zip(*rows) for it in column]",
            {"Queue", "SimpleQueue"},
        ),
        # nothing is known of some
        ("(a, b) toolbox.row()", "here, _ = zip(*rows)", {"Queue", "SimpleQueue"}),
        ("(a, b) {a, c}", "here, _ = zip(*rows)", ALL),
        ("[a, b]", "rows[0].append(c)\nhere, _ = zip(*rows)", ALL),
        # copies
        ("", "here = [list((a, b))[1]]", {"SimpleQueue"}),
        ("", "here = [tuple((a, b, c))[-1]]", {"JoinableQueue"}),
        ("", "it = list((a, b))\nit.append(c)\nhere = [it[-1]]", {"SimpleQueue", "JoinableQueue"}),
        ("", "here = [list((a, b) if toolbox.flag else (c, a))[0]]", ALL),
        ("", "it = [a, b]\nit.append(c)\nhere = [tuple(it)[0]]", ALL),
        ("", "it = (a, b)\nit += (c,)\nhere = list(it)", ALL),
        ("", "here = list(zip())", set()),
    ],
)
def test_what_is_where(tmp_path: Path, rows: str, body: str, kinds: set[str]) -> None:
    lines = ["a, b, c = mp.Queue(), mp.SimpleQueue(), mp.JoinableQueue()", "rows = []"]
    lines += [f"rows.append({row})" for row in re.findall(r"[({\[][^)}\]]*.|\S+\(\)", rows)]
    asked = small(tmp_path, "\n".join([*lines, body, "def end(it): pass", "end(here)  # here"]))
    [call] = [node for node in asked.view().lowered.nodes if isinstance(node, cst.Call)][-1:]
    [(_, found)] = asked.view().values(call.args[0].value)
    held = [asked.program.solver.cells.get((v, "all"), frozenset()) for v in found]
    assert {v.kind.name for v in frozenset().union(*held) if isinstance(v, Made)} == kinds
