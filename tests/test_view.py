"""The view of a program from its syntax nodes."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
from small import small


def test_a_view_of_nodes(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        def function(x):
            jobs = mp.Queue()  # made
            jobs.put(jobs.qsize())  # use
            x.put(1)  # unknown
        """,
    )
    view = program.view()
    assert view.made(program.node("made", cst.Call)) == program.made("made")
    call = program.node("use", cst.Call)
    assert [operation.name for operation in view.operations(call)] == ["put"]
    assert view.operations(call, "get") == []
    assert view.operations(program.node("unknown", cst.Call)) == []
    [(_, values)] = view.values(program.node("use", cst.Attribute).value)
    assert values == frozenset(program.made("made"))
    blank = cst.EmptyLine()
    assert view.number(blank) is None and view.expression(blank) is None
    assert view.activations(blank) == [] and list(view.values(blank)) == []
