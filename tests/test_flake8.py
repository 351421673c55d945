"""The flake8 plugin."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from conftest import HANG, PLAIN, Ran, script, spawn
from running import CONCISE, ONE, Copied, Mplint, Write, firsts


def flake8(*arguments: object, stdin: bytes = b"") -> Ran:
    return spawn(script("flake8"), "--isolated", "--select=MPL", *arguments, stdin=stdin)


def flake8_firsts(ran: Ran) -> list[str]:
    return sorted(line.removeprefix("./") for line in firsts(ran))


@pytest.mark.parametrize("project", ["pipeline", "scripts"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_flake8_finds_the_same(copied: Copied, mplint: Mplint, project: str, jobs: int) -> None:
    folder = copied(project)
    ours = mplint("check", CONCISE)
    theirs = flake8(f"--jobs={jobs}")
    assert theirs.status == ours.status == 1
    assert flake8_firsts(theirs) == sorted(firsts(ours))
    for path in folder.rglob("*.py"):
        name = path.relative_to(folder).as_posix()
        alone = sorted(line for line in firsts(ours) if line.startswith(f"{name}:"))
        assert flake8_firsts(flake8(name)) == alone
        stdin = flake8("-", f"--stdin-display-name={name}", stdin=path.read_bytes())
        assert flake8_firsts(stdin) == alone


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + HANG.encode(),
        HANG.replace("\n", "\r\n").encode(),
        b"# coding: latin-1\nname = '\xe9'\n" + HANG.encode(),
        b"\x0c\n" + HANG.encode(),
        HANG.replace("\n", "\r").encode(),
        b"# coding: idna\n" + HANG.encode(),
        ("name = '漢𝔘\u2028'; " + HANG.replace("\n", "\n\n")).encode(),
    ],
)
def test_flake8_encodings(write: Write, mplint: Mplint, content: bytes) -> None:
    write("a.py", content)
    ours = firsts(mplint("check", "a.py", ONE, CONCISE))
    assert len(ours) == 1
    assert flake8_firsts(flake8("a.py", "--mplint-select=MPL114")) == ours
    # with other contents, or none, on disk
    for other in (PLAIN, None):
        if other is not None:
            write("a.py", other)
        else:
            os.remove("a.py")
        stdin = flake8(*("-", "--stdin-display-name=a.py", "--mplint-select=MPL114"), stdin=content)
        assert flake8_firsts(stdin) == ours


def test_flake8_stdin(folder: Path) -> None:
    ran = flake8("-", "--mplint-select=MPL114", stdin=HANG.encode())
    assert firsts(ran) == ["stdin:5:1: MPL114"]


def test_flake8_options(write: Write) -> None:
    write("a.py", HANG + "x = 1  # mplint: ignore[MPL301]\n")
    write("pyproject.toml", '[tool.mplint]\nselect = ["MPL301"]\n')
    write("mine.toml", 'select = ["MPL003", "MPL301"]\n')
    assert firsts(flake8("a.py")) == []
    assert firsts(flake8("a.py", "--mplint-select=MPL102,MPL114")) == ["a.py:5:1: MPL114"]
    assert firsts(flake8("a.py", "--mplint-extend-select=MPL114")) == ["a.py:5:1: MPL114"]
    assert firsts(flake8("a.py", "--mplint-select=readiness-3.14")) == []
    assert firsts(flake8("a.py", "--mplint-select=MPL114", "--mplint-ignore=MPL114")) == []
    assert "a.py:5:1: MPL114" in firsts(flake8("a.py", "--mplint-isolated"))
    assert firsts(flake8("a.py", "--mplint-config=mine.toml")) == ["a.py:6:8: MPL003"]
    ours = ("a.py", "--mplint-select=MPL114", "--mplint-start-method=spawn")
    assert len(firsts(flake8(*ours, "--mplint-target-version=3.14"))) == 1


def test_flake8_options_from_its_configuration(write: Write, folder: Path) -> None:
    write("a.py")
    write("sub/mine.toml", "")
    write(
        ".flake8",
        "[flake8]\nselect = MPL\nmplint-select =\n    MPL114,\n    MPL301\n"
        "mplint_start_method = fork\nmplint-config = ./sub/mine.toml\n",
    )
    ran = spawn(script("flake8"))
    assert firsts(ran) == ["./a.py:5:1: MPL114"]


def test_flake8_leaves_noqa_to_flake8(write: Write) -> None:
    write("a.py", HANG.replace("get(5)", "get(5)  # noqa: MPL114"))
    assert firsts(flake8("a.py", "--mplint-select=MPL114")) == []
    assert len(firsts(flake8("a.py", "--mplint-select=MPL114", "--disable-noqa"))) == 1


def test_flake8_exclude_and_per_file_ignores(write: Write) -> None:
    write("old/a.py")
    write("b_test.py")
    write("mplint.toml", 'exclude = ["old"]\nper-file-ignores = {"*_test.py" = ["MPL"]}\n')
    assert firsts(flake8()) == []


def test_flake8_places_in_words(copied: Copied) -> None:
    copied("pipeline")
    ran = flake8("--mplint-select=MPL102")
    assert re.search(r" \(see line 10; pipeline/workers\.py:6\)$", ran.lines[0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mplint-select=MLP114"], "--mplint-select: there is no rule 'MLP114'"),
        (["--mplint-start-method=frok"], "--mplint-start-method: there is no start method"),
        (["--mplint-target-version=2"], "--mplint-target-version: '2' is no Python version"),
        (["--mplint-config=nowhere.toml"], "nowhere.toml: No such file or directory"),
        ([], "mplint.toml: selct: there is no such key; did you mean 'select'?"),
    ],
)
def test_flake8_goes_on(write: Write, options: list[str], said: str) -> None:
    """Settings that cannot be used are a finding in each file, and other plugins have their say."""
    write("a.py", "import os\n" + HANG)
    write("mplint.toml", "" if options else "selct = 1")
    ran = spawn(script("flake8"), "--isolated", "--select=MPL,F401", *options)
    ours, theirs = sorted(ran.lines, reverse=True)
    assert ours.startswith("./a.py:1:1: MPL002 ") and said in ours
    assert theirs.startswith("./a.py:1:1: F401 ")
    assert ran.err == ""


def test_flake8_survives_a_failure(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    from mplint.frontends.flake8 import Plugin

    path = write("a.py")
    monkeypatch.setattr("mplint.registry.load", lambda: 1 / 0)
    found = list(Plugin(None, str(path), HANG.splitlines(True)).run())  # type: ignore[arg-type]
    ((line, column, text, kind),) = found
    assert (line, column, kind) == (1, 0, Plugin)
    assert text.startswith("MPL002 ")
