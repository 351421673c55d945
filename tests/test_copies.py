"""Names that are taken for different objects and are one."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import small


@pytest.mark.parametrize(
    ("expression", "cure"),
    [
        ("[mp.Queue()] * n", "[mp.Queue() for _ in range(n)]"),
        ("3 * [mp.Lock()]", "[mp.Lock() for _ in range(3)]"),
        ("[mp.Pipe()] * len(n)", "[mp.Pipe() for _ in range(len(n))]"),
        ("dict.fromkeys(n, mp.Event())", "{key: mp.Event() for key in n}"),
        ("[mp.Queue()] * 1", None),
        ("[mp.Queue(), mp.Queue()] * 2", None),
        ("[mp.Queue()] + [mp.Queue()]", None),
        ("[shared] * n", None),
        ("[queue.Queue()] * n", None),
        ("[mp.Manager().Queue()] * n", None),
        ("[toolbox.Queue()] * n", None),
        ("[mp.Pool()] * n", None),
        ("zip(n, [mp.Queue()] * 3)", None),
        ("dict.fromkeys(n, 0)", None),
        ("dict.fromkeys(n)", None),
    ],
)
def test_one_object_under_many_names(tmp_path: Path, expression: str, cure: str | None) -> None:
    program = small(
        tmp_path,
        f"""
        shared = mp.Queue()

        def function(n):
            found = {expression}  # here
        """,
    )
    view = program.view()
    nodes = [program.node("here", cst.Assign).value]
    if expression.startswith("zip"):
        nodes.append(program.node("here", cst.BinaryOperation))
    found = [repeated for node in nodes for repeated in view.repeated(node)]
    assert [repeated.cure for repeated in found] == ([cure] if cure else [])
