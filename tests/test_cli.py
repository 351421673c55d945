"""The command line: paths, options, exit status, `rules` and `explain`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from conftest import HANG, PLAIN, spawn
from running import CONCISE, ONE, Mplint, Write, firsts, mplint_version

from mplint.diagnostics import START_METHODS
from mplint.frontends.output import FORMATS
from mplint.registry import load


def test_exit_status(write: Write, mplint: Mplint) -> None:
    write("a.py")
    assert mplint("check", ONE).status == 1
    assert mplint("check", ONE, "--exit-zero").status == 0
    assert mplint("check", "--select=MPL301").status == 0
    assert mplint("check", "--select=MPL999").status == 2
    assert mplint("check", "--exit-zero", "b.py").status == 2
    write("a.py", b"\xff")
    assert mplint("check").status == 1


def test_internal_failure(write: Write, mplint: Mplint, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.py")
    write("b.py", b"\xff")

    def fail(project: object, number: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("mplint.engine.link", fail)
    ran = mplint("check", CONCISE, "--exit-zero")
    assert ran.status == 2
    assert firsts(ran) == ["a.py:1:1: MPL002", "b.py:1:1: MPL001"]
    # one outside of the check of a file
    monkeypatch.setattr("mplint.engine.Engine.check", fail)
    ran = mplint("check")
    assert ran.status == 2
    assert "please report" in ran.err and "Traceback" in ran.err


def test_paths(write: Write, mplint: Mplint) -> None:
    write("a.py")
    write("sub/b.py")
    assert firsts(mplint("check", ONE, CONCISE)) == ["a.py:5:1: MPL114", "sub/b.py:5:1: MPL114"]
    assert firsts(mplint("check", "sub", ONE, CONCISE)) == ["sub/b.py:5:1: MPL114"]
    # options and paths in any order, and what follows `--` is no option
    write("-x.py")
    ran = mplint("check", "a.py", ONE, "sub/b.py", CONCISE, "--", "-x.py")
    assert [line.partition(":")[0] for line in ran.lines] == ["-x.py", "a.py", "sub/b.py"]
    assert mplint("check", ONE, CONCISE, "--", "-x.py").status == 1


def test_paths_that_are_not_there(write: Write, mplint: Mplint) -> None:
    write("first.py")
    write("sub/second.py")
    ran = mplint("check", ONE, CONCISE, "frist.py", "first.py", "sbu/second.py", "sub/x", "zzz/y")
    assert ran.status == 2
    assert firsts(ran) == ["first.py:5:1: MPL114"]
    assert ran.err.splitlines() == [
        "mplint: frist.py: there is no such file or folder; did you mean 'first.py'?",
        "mplint: sbu/second.py: there is no such file or folder; did you mean 'sub'?",
        "mplint: sub/x: there is no such file or folder",
        "mplint: zzz/y: there is no such file or folder",
    ]


def test_nothing_to_check(folder: Path, mplint: Mplint) -> None:
    ran = mplint("check")
    assert (ran.status, ran.out) == (0, "")
    assert ran.err == "mplint: there are no Python files to check\n"
    assert mplint("check", "--quiet").err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chekc"], "there is no command 'chekc'; did you mean 'check'?"),
        (["a.py"], "did you mean `mplint check a.py`?"),
        (["check", "--slect=MPL1"], "there is no option --slect; did you mean '--select'?"),
        (["check", "--output-format=xml"], "'xml'"),
        (["check", "--jobs=0"], "--jobs: '0' is no number of processes"),
        (["check", "--jobs=two"], "--jobs: 'two' is no number of processes"),
        (["check", "--isolated", "--config=a.py"], "not allowed with"),
        (["check", "--statistics", "--output-format=json"], "--statistics"),
        (["explain"], "required: RULE"),
        (["explain", "MLP114"], "there is no rule 'MLP114'; did you mean 'MPL114'?"),
        (["prove", "MLP114"], "there is no rule 'MLP114'"),
        (["rules", "pool"], "there is no rule 'pool'; did you mean 'pools'?"),
        (["graph", "nowhere.py"], "nowhere.py: there is no such file or folder"),
    ],
)
def test_wrong_usage(write: Write, mplint: Mplint, arguments: list[str], said: str) -> None:
    write("a.py")
    ran = mplint(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err.splitlines()[0]
    assert ran.err.startswith("mplint: ")
    assert "Traceback" not in ran.err


def test_help_and_version(mplint: Mplint) -> None:
    assert mplint("--version").lines == [f"mplint {mplint_version()}"]
    overview = mplint("--help").out
    assert mplint().status == 2
    for command in ("check", "rules", "explain", "graph", "prove"):
        assert re.search(rf"^  {command} +\w", overview, re.MULTILINE)
        ran = mplint(command, "--help")
        assert ran.status == 0
        assert ran.out.startswith(f"usage: mplint {command} ")


def test_as_a_module(write: Write) -> None:
    write("a.py")
    ran = spawn(sys.executable, "-m", "mplint", "check", ONE, CONCISE)
    assert (ran.status, firsts(ran), ran.err) == (1, ["a.py:5:1: MPL114"], "")


def test_starts_quickly(folder: Path) -> None:
    """`--help` imports nothing that takes time."""
    heavy = {"libcst", "rich", "pathspec", "packaging", "psutil", "mplint.engine", "mplint.config"}
    program = "import sys, mplint.frontends.cli; print(*sys.modules)"
    assert not heavy & set(spawn(sys.executable, "-c", program).out.split())
    program = "import sys, mplint.frontends.flake8; print(*sys.modules)"
    assert not heavy & set(spawn(sys.executable, "-c", program).out.split())


def test_stdin(write: Write, mplint: Mplint) -> None:
    ran = mplint("check", "-", ONE, CONCISE, stdin=HANG.encode())
    assert firsts(ran) == ["-:5:1: MPL114"]
    write("sub/mplint.toml", 'ignore = ["MPL102"]\nper-file-ignores = {"b.py" = ["MPL114"]}\n')
    write("sub/c.py", PLAIN)
    named = "--stdin-filename=sub/{}.py"
    assert mplint("check", "-", ONE, named.format("b"), stdin=HANG.encode()).status == 0
    ran = mplint("check", "-", ONE, CONCISE, named.format("c"), stdin=HANG.encode())
    assert firsts(ran) == ["sub/c.py:5:1: MPL114"]
    assert mplint("check", "-", named.format("c"), stdin=b"\xff").status == 1
    # the line that is shown is that of standard input, too
    ran = mplint("check", "-", ONE, named.format("c"), stdin=HANG.encode())
    assert "queue.get(5)" in ran.lines[4]


def test_force_exclude(write: Write, mplint: Mplint) -> None:
    write("old/a.py")
    write("mplint.toml", 'exclude = ["old"]\n')
    assert mplint("check", ONE, "old/a.py").status == 1
    assert mplint("check", ONE, "--force-exclude", "old/a.py").status == 0
    excluded = ("check", ONE, "-", "--stdin-filename=old/a.py")
    assert mplint(*excluded, stdin=HANG.encode()).status == 1
    assert mplint(*excluded, "--force-exclude", stdin=HANG.encode()).status == 0


def test_exclude_adds_to_settings(write: Write, mplint: Mplint, folder: Path) -> None:
    for name in ("a.py", "b.py", "sub/c.py", "sub/d.py"):
        write(name)
    write("mplint.toml", 'exclude = ["b.py"]\n')
    ran = mplint("check", ONE, CONCISE, "--exclude=sub/c.py,nothing")
    assert firsts(ran) == ["a.py:5:1: MPL114", "sub/d.py:5:1: MPL114"]


def test_options_for_rules(write: Write, mplint: Mplint) -> None:
    write("a.py")

    def codes(*options: str) -> set[str]:
        ran = mplint("check", "--output-format=json", *options)
        return {item["code"] for item in json.loads(ran.out)}

    everything = codes()
    assert "MPL114" in everything
    assert codes("--select", "MPL114,MPL102", "--select=MPL301") == {"MPL114"}
    assert codes("--select=timeout-passed-as-block") == {"MPL114"}
    assert codes("--ignore=MPL1") == everything - {c for c in everything if c.startswith("MPL1")}
    assert codes("--select=MPL301", "--extend-select=MPL114") == {"MPL114"}
    write("mplint.toml", 'ignore = ["MPL114"]\n')
    assert "MPL114" not in codes()
    assert "MPL114" in codes("--isolated")
    other = write("other.toml", 'select = ["MPL114"]\n')
    assert codes(f"--config={other}") == {"MPL114"}


def test_options_for_the_target(write: Write, mplint: Mplint) -> None:
    write("a.py")

    def methods(*options: str) -> list[str]:
        ran = mplint("check", ONE, "--output-format=json", *options)
        return [method for item in json.loads(ran.out) for method in item["start_methods"]]

    assert methods() == list(START_METHODS)
    assert methods("--start-method=spawn,fork") == ["fork", "spawn"]
    assert methods("--start-method=spawn", "--start-method=forkserver") == ["spawn", "forkserver"]
    assert methods("--target-version=py312", "--jobs=2", "--no-cache") == ["fork", "spawn"]


def test_quiet_and_verbose(write: Write, mplint: Mplint, folder: Path) -> None:
    write("a.py", PLAIN)
    settings = write("mplint.toml", "")
    ran = mplint("check")
    assert (ran.out, ran.err) == ("No problems found in 1 file.\n", "")
    ran = mplint("check", "--quiet")
    assert (ran.out, ran.err) == ("", "")
    ran = mplint("check", "--verbose")
    assert str(settings) in ran.err
    assert "from mplint_rules" in ran.err
    assert "1 file, 0 of them analysed" in ran.err
    write("a.py")
    assert mplint("check", ONE).lines[-1] == "Found 1 problem in 1 of 1 file."
    assert "Found" not in mplint("check", ONE, "--quiet").out


def test_output_file(write: Write, mplint: Mplint, folder: Path) -> None:
    write("a.py")
    for name in FORMATS:
        shown = mplint("check", ONE, f"--output-format={name}").out
        ran = mplint("check", ONE, f"--output-format={name}", "--output-file=out.txt")
        assert (ran.status, ran.out) == (1, "")
        assert (folder / "out.txt").read_text() == shown


def test_statistics(write: Write, mplint: Mplint) -> None:
    write("a.py", HANG + "queue.get(6)\n")
    write("b.py", b"\xff")
    ran = mplint("check", ONE, "--statistics")
    assert [line.split() for line in ran.lines[:2]] == [
        ["2", "MPL114", "timeout-passed-as-block"],
        ["1", "MPL001", "unreadable-file"],
    ]
    assert (ran.status, len(ran.lines)) == (1, 2)


def test_rules(mplint: Mplint) -> None:
    rules = load().rules
    ran = mplint("rules")
    assert [line.split()[0] for line in ran.lines] == ["MPL001", "MPL002", "MPL003", *rules]
    found = json.loads(mplint("rules", "--output-format=json").out)
    by_code = {item["code"]: item for item in found}
    assert by_code["MPL114"] == {
        "code": "MPL114",
        "name": "timeout-passed-as-block",
        "kind": "bug",
        "summary": rules["MPL114"].summary,
        "start_methods": list(START_METHODS),
        "python": rules["MPL114"].applies.python,
        "groups": ["channels"],
    }
    assert by_code["MPL003"]["kind"] == "advice"


def test_explain(mplint: Mplint) -> None:
    by_code = mplint("explain", "MPL114")
    assert by_code.status == 0
    assert "timeout-passed-as-block" in by_code.out
    assert "mplint prove MPL114" in by_code.out
    assert mplint("explain", "timeout-passed-as-block").out == by_code.out
    both = mplint("explain", "MPL114", "MPL001", "MPL114")
    assert both.out.count("mplint prove MPL114") == 1
    assert "unreadable-file" in both.out
    assert "prove MPL001" not in both.out


def test_prove(write: Write, mplint: Mplint, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was seen is shown in every format. The programs themselves run in other tests."""
    asked = []

    def seen(codes: list[str], jobs: int, start_methods: list[str]) -> dict[str, str]:
        asked.append((codes, jobs, start_methods))
        return {"MPL114": "hangs, here"}

    monkeypatch.setattr("mplint.prove.command.seen", seen)
    write("a.py")
    write("b.py", b"\xff")
    for name in FORMATS:
        wanted = ("--prove", "--jobs=3", "--start-method=fork,spawn", f"--output-format={name}")
        ran = mplint("check", ONE, *wanted)
        assert ran.out.count("hangs, here") >= 1, name
    assert asked == [(["MPL114"], 3, ["fork", "spawn"])] * len(FORMATS)
    found = json.loads(mplint("check", ONE, "--prove", "--output-format=json").out)
    assert [item["seen"] for item in found] == ["hangs, here", ""]
    found = json.loads(mplint("check", ONE, "--output-format=json").out)
    assert "seen" not in found[0]
