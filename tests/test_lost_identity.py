"""Objects that a process is given, and takes for those of its own import."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import small

BOTH = ("spawn", "forkserver")
START = "mp.Process(target=work, args=(MARK,)).start()"


@pytest.mark.parametrize(
    ("parameter", "test", "start", "methods"),
    [
        ("x", "x is MARK", START, BOTH),
        ("x", "MARK is not x", START, BOTH),
        ("x", "x == MARK", START, BOTH),
        ("x=None", "x is MARK", START, BOTH),
        (
            "x",
            "x is MARK",
            "mp.get_context('spawn').Process(target=work, args=(MARK,)).start()",
            ("spawn",),
        ),
        (
            "x",
            "x is MARK",
            "mp.get_context('fork').Process(target=work, args=(MARK,)).start()",
            None,
        ),
        ("x=MARK", "x is MARK", "mp.Process(target=work).start()", None),
        ("x=MARK", "x is MARK", START, None),  # the default is the child's own
        ("x", "x is MARK", "mp.Process(target=work, args=(3,)).start()", None),
        ("x", "x is MARK", f"{START}; work(MARK)", None),
        ("x", "x is MARK", "threading.Thread(target=work, args=(MARK,)).start()", None),
        ("x", "x is NONE", "mp.Process(target=work, args=(NONE,)).start()", None),
        ("x", "x is Mark", "mp.Process(target=work, args=(Mark,)).start()", None),
        ("x", "x < MARK", START, None),
        ("x", "x is OTHER", START, None),
        ("x", "x is LATE", "mp.Process(target=work, args=(LATE,)).start()", None),
    ],
)
def test_a_mark_among_the_arguments(
    tmp_path: Path, parameter: str, test: str, start: str, methods: tuple[str, ...] | None
) -> None:
    program = small(
        tmp_path,
        f"""
        class Mark:
            pass

        MARK, OTHER, NONE = object(), object(), None

        def set_up():
            global LATE
            LATE = object()

        def work({parameter}):
            print({test})  # here

        if __name__ == "__main__":
            set_up()
            {start}
        """,
    )
    found = program.view().lost_identity(program.node("here", cst.Comparison))
    assert [lost.start_methods for lost in found] == ([methods] if methods else [])
    assert all(lost.is_argument for lost in found)


def test_a_parameter_that_is_set_again(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        MARK = object()

        def work(x):
            x = MARK if x is None else x
            print(x is MARK)  # here

        if __name__ == "__main__":
            mp.Process(target=work, args=(MARK,)).start()
        """,
    )
    assert program.view().lost_identity(program.node("here", cst.Comparison)) == []
