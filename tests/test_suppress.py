"""Comments that switch findings off, and those that switch nothing off."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran, script, spawn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mplint.diagnostics import Diagnostic, Place
from mplint.registry import load
from mplint.source import Source
from mplint.suppress import Suppressions

Mplint = Callable[..., Ran]

ON = frozenset({"MPL003", "MPL102", "MPL114"})


def found_at(line: int, code: str = "MPL114") -> Diagnostic:
    name = load().name(code)
    return Diagnostic(Place("a.py", line, 1, line, 2), code, name, "bug", "message")


def applied(text: str, *lines: int, noqa: bool = True, on: frozenset[str] = ON) -> list[str]:
    """What is left of findings of MPL114 at some lines, as `line:code`."""
    source = Source("a.py", text.encode())
    left = Suppressions(source, noqa=noqa).apply([found_at(line) for line in lines], on, load())
    return [f"{item.place.line}:{item.code}" for item in left]


HIDING = [
    "# noqa",
    "# NoQA",
    "# noqa: MPL114",
    "# noqa:MPL114",
    "# noqa: MPL1",
    "# noqa: E501, MPL114",
    "# noqa: E501 MPL114 by design",
    "# noqa: because",
    "# type: ignore # noqa",
    "# mplint: ignore",
    "#mplint:ignore",
    "# mplint: ignore[MPL114]",
    "# mplint: ignore[mpl114] the queue is full by then",
    "# mplint: ignore[timeout-passed-as-block]",
    "# mplint: ignore[MPL102, MPL114]",
    "# noqa: E501  # mplint: ignore[MPL114]",
]
NOT_HIDING = [
    "#noqa",
    "# noqa: MPL102",
    "# noqa: mpl114",
    "# noqa: MPL1144",
    "# mplint: ignore[MPL102]",
    "# mplint: ignore[MPL1]",
    "# mplint: ignore (MPL114)",
    "# mplint: ignore-next",
    "# mplint: ignore[]",
    "# mplint: ignore[MPL114",
    "# mplint: ignored",
    "# mplint: disable=MPL114",
    "# pylint: ignore",
]


@pytest.mark.parametrize("comment", HIDING)
def test_hiding(comment: str) -> None:
    assert applied(f"x = 1\nq.get(5)  {comment}\n", 2, on=ON - {"MPL003"}) == []
    assert applied(f"x = 1\nq.get(5)  {comment}\ny = 2\n", 1, 3, on=ON - {"MPL003"}) == [
        "1:MPL114",
        "3:MPL114",
    ]


@pytest.mark.parametrize("comment", NOT_HIDING)
def test_not_hiding(comment: str) -> None:
    assert applied(f"q.get(5)  {comment}\n", 1, on=ON - {"MPL003"}) == ["1:MPL114"]


def test_noqa_can_be_left_to_another() -> None:
    text = "q.get(5)  # noqa\nq.get(6)  # mplint: ignore\n"
    assert applied(text, 1, 2, noqa=False) == ["1:MPL114"]
    # but that it was needed is known
    text = "q.get(5)  # noqa: MPL114\nq.get(6)  # noqa: MPL114\n"
    assert applied(text, 1, noqa=False) == ["1:MPL114", "2:MPL003"]


def test_several_lines() -> None:
    call = "q.get(\n    5\n){}\nx = 1\n"
    off = ON - {"MPL003"}
    # ours covers the statement, flake8's the line
    assert applied(call.format("  # mplint: ignore"), 1, on=off) == []
    assert applied(call.format("  # noqa"), 1, on=off) == ["1:MPL114"]
    assert applied("q.get(  # mplint: ignore\n    5\n)\n", 1, 2, 3, on=off) == []
    assert applied("q.get(\n    # mplint: ignore\n    5\n)\n", 1, on=off) == []
    # a backslash or a string joins lines for both
    assert applied("q \\\n  .get(5)  # noqa\n", 1, on=off) == []
    assert applied('q.get(5), """\n# noqa\n"""\n', 1, on=off) == []
    # a header is a statement, its body others
    assert applied("with q:  # mplint: ignore\n    q.get(5)\n", 1, 2, on=off) == ["2:MPL114"]
    assert applied("# mplint: ignore\nq.get(5)\n", 2, on=off) == ["2:MPL114"]


@pytest.mark.parametrize("line", ["# flake8: noqa", "  # FLAKE8=noqa", "# flake8: noqa: E501"])
def test_whole_file(line: str) -> None:
    assert applied(f"x = 1\n{line}\nq.get(5)\n", 3) == []
    assert applied(f"x = 1\r\n{line}\r\nq.get(5)\r\n", 3) == []
    assert applied(f"x = 1\n{line}\nq.get(5)\n", 3, noqa=False) == ["3:MPL114"]


def test_whole_file_needs_a_line_of_its_own() -> None:
    assert applied("x = 1  # flake8: noqa\nq.get(5)\n", 2) == ["2:MPL114"]


def test_errors_are_never_hidden() -> None:
    error = Diagnostic(Place("a.py", 1, 1, 1, 2), "MPL001", "unreadable-file", "error", "")
    source = Source("a.py", b"# flake8: noqa\nx = (  # noqa # mplint: ignore\n")
    assert Suppressions(source).apply([error], ON, load()) == [error]


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("# mplint: ignore", "mplint: ignore"),
        ("# mplint: ignore[MPL114]", "MPL114"),
        ("# mplint: ignore[MPL114, MPL102]", "MPL114 MPL102"),
        ("# mplint: ignore[timeout-passed-as-block]", "timeout-passed-as-block"),
        ("# mplint: ignore[no-such-rule]", "no-such-rule"),
        ("# mplint: ignore[]", "mplint: ignore[]"),
        ("# noqa: MPL114", "MPL114"),
        ("# noqa: E501,MPL114,W605", "MPL114"),
        ("# noqa: MPL999", "MPL999"),
        # what others may need, and rules that are off and may find something
        ("# noqa", ""),
        ("# noqa: E501", ""),
        ("# noqa: MPL1", ""),
        ("# noqa: MPL301", ""),
        ("# mplint: ignore[MPL301]", ""),
        ('"# noqa: MPL114"', ""),
    ],
)
def test_unused(comment: str, said: str) -> None:
    source = Source("a.py", f"x = 1  {comment}\n".encode())
    left = Suppressions(source).apply([], ON, load())
    assert " ".join(re.findall("`(.*?)`", " ".join(item.message for item in left))) == said
    for item in left:
        assert (item.code, item.kind) == ("MPL003", "advice")
        place = item.place
        assert (place.line, place.end_line) == (1, 1)
        marked = source.lines[0][place.column - 1 : place.end_column - 1]
        assert marked.startswith("# ") and comment.startswith(marked)


def test_partly_used() -> None:
    source = Source("a.py", b"q.get(5)  # mplint: ignore[MPL114, MPL102]\n")
    (left,) = Suppressions(source).apply([found_at(1)], ON, load())
    assert "`MPL102`" in left.message and "MPL114" not in left.message


def test_two_comments_for_one_finding() -> None:
    assert applied("q.get(5)  # noqa: MPL114  # mplint: ignore[MPL114]\n", 1) == []


def test_unused_is_off_by_default(mplint: Mplint, write: Callable[..., Path]) -> None:
    write("a.py", "from multiprocessing import Pool; Pool\nx = 1  # mplint: ignore[MPL114]\n")
    assert mplint("check").status == 0
    ran = mplint("check", "--extend-select=unused-suppression", "--output-format=concise")
    assert [line.split(" ")[:2] for line in ran.lines] == [["a.py:2:8:", "MPL003"]]


def test_unused_in_a_file_without_processes(mplint: Mplint, write: Callable[..., Path]) -> None:
    write("a.py", "x = 1  # mplint: ignore[MPL114]\n")
    ran = mplint("check", "--extend-select=MPL003", "--output-format=concise")
    assert [line.split(" ")[0] for line in ran.lines] == ["a.py:1:8:"]


# As flake8 has it ---------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        "q.get(5)",
        "q.get(\n    5\n)",
        "q \\\n    .get(5)",
        "(q.get(5),\n q.get(6))",
        'q.get(5), """\ntext\n"""',
        'f"{q.get(5)}" """\n# noqa\n"""',
        "x = 1",
    ]
)
_COMMENTS = st.sampled_from(["", "  # note", *(f"  {comment}" for comment in HIDING + NOT_HIDING)])
_PROGRAMS = st.lists(st.tuples(_PIECES, _COMMENTS), min_size=8, max_size=24).map(
    lambda parts: (
        "from multiprocessing import Queue\n\nq = Queue()\n"
        + "".join(f"{piece}{comment}\n" for piece, comment in parts)
    )
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(_PROGRAMS)
def test_the_same_in_flake8(mplint: Mplint, folder: Path, program: str) -> None:
    """The command line and flake8 itself agree on every comment."""
    (folder / "a.py").write_text(program)
    rules = "MPL003,MPL114"
    ours = mplint("check", "a.py", f"--select={rules}", "--output-format=concise")
    assert ours.status in (0, 1)
    theirs = spawn(
        script("flake8"), "--isolated", "--select=MPL", f"--mplint-select={rules}", "a.py"
    )
    shown = [line.partition(" (see")[0] for line in theirs.lines]
    assert sorted(shown) == sorted(" ".join(line.split()) for line in ours.lines)
