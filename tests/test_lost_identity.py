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


ALL, SPAWNED = ("fork", "spawn", "forkserver"), ("spawn", "forkserver")


@pytest.mark.parametrize(
    ("test", "what"),
    [
        ("item is MARK", "an `object()`"),
        ("item == MARK", "an `object()`"),
        ("item is not MARK", "an `object()`"),
        ("item is STOP", "an object of `Stop`"),
        ("item == STOP", "an object of `Stop`"),
        ("item is EQUAL", "an object of `Equal`"),
        ("item == EQUAL", None),
        ("item is KEPT", None),
        ("item is TEXT", "a text"),
        ("item == TEXT", None),
        ("item is 1000", "a number"),
        ("item is 1", None),
        ("item is 0.5", "a number"),
        ("item is None", None),
        ("item is Stop", None),
        ("item is Colour.RED", None),
        ("item is item", None),
        ("n is MARK", None),
        ("item is n", None),
        ("item is (MARK if n else None)", None),
        ("queue.Queue().get() is MARK", None),  # nothing is pickled between threads
    ],
)
def test_lost_identity(tmp_path: Path, test: str, what: str | None) -> None:
    program = small(
        tmp_path,
        f"""
        import enum

        class Stop: pass

        class Equal:
            def __eq__(self, other): return True

        class Kept:
            def __reduce__(self): return "KEPT"

        class Colour(enum.Enum):
            RED = object()

        MARK, STOP, EQUAL, KEPT, TEXT = object(), Stop(), Equal(), Kept(), "stop"
        jobs = mp.Queue()

        def function(n):
            item = jobs.get()
            print({test})  # here
        """,
    )
    found = program.view().lost_identity(program.node("here", cst.Comparison))
    assert [lost.what for lost in found] == ([what] if what is not None else [])


@pytest.mark.parametrize(
    ("start", "work", "methods"),
    [
        ("mp.Process(target=work, args=(MARK,))", "mark is MARK", SPAWNED),
        ("mp.Process(target=work, args=(MARK,))", "MARK == mark", SPAWNED),
        ("mp.Process(target=work, kwargs={'mark': MARK})", "mark is not MARK", SPAWNED),
        ("mp.Pool().apply_async(work, (MARK,))", "mark is MARK", ALL),
        ("mp.get_context('fork').Process(target=work, args=(MARK,))", "mark is MARK", None),
        ("mp.Process(target=work, args=(OTHER,))", "mark is MARK", None),
        ("mp.Process(target=work, args=(n and MARK,))", "mark is MARK", None),
        ("mp.Process(target=work, args=(MARK, MARK))", "mark is other", None),  # copied together
        ("mp.Process(target=work, args=(1, MARK))", "other is MARK", None),  # or its default
        ("mp.Process(target=work, args=(MARK,))", "[mark := MARK, mark is MARK]", None),
        ("mp.Process(target=work, args=(MARK,))", "[mark is MARK, work(MARK)]", None),
        ("threading.Thread(target=work, args=(MARK,))", "mark is MARK", None),
        ("mp.Process(target=work, args=(MARK,)); work(MARK)", "mark is MARK", None),
        ("mp.Process(target=work, args=(Colour.RED,))", "mark is RED", None),
    ],
)
def test_lost_identity_of_arguments(
    tmp_path: Path, start: str, work: str, methods: tuple[str, ...] | None
) -> None:
    program = small(
        tmp_path,
        f"""
        import enum
        import threading

        class Colour(enum.Enum):
            RED = 1

        MARK, OTHER, RED = object(), object(), Colour.RED

        def work(mark, other=MARK):
            print({work})  # here

        def function(n):
            {start}
        """,
    )
    found = program.view().lost_identity(program.node("here", cst.Comparison))
    assert [lost.start_methods for lost in found] == ([methods] if methods is not None else [])
