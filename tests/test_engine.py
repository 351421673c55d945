"""Which files are checked, how they are read, and that nothing else decides what is found."""

from __future__ import annotations

import itertools
import os
import random
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import libcst as cst
import pytest
from conftest import DATA, HANG, PLAIN, script, spawn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mplint.engine
from mplint.analysis import Job
from mplint.config import Configuration, Settings
from mplint.diagnostics import Diagnostic
from mplint.engine import Engine, Report
from mplint.model.crossing.handover import Handover
from mplint.model.nouns import Operation
from mplint.model.values import Made
from mplint.outcome import Raises
from mplint.registry import Registry, RegistryError, load
from mplint.rule import Rule, RuleVisitor, on_handover, on_made, on_operation

Write = Callable[..., Path]

ONE_RULE = Configuration(Settings(select=("MPL114",)))


def check(*paths: str, **options: object) -> Report:
    engine = Engine(load(), ONE_RULE, **options)  # type: ignore[arg-type]
    return engine.check(engine.discover(paths))


def places(report: Report) -> list[str]:
    return [
        f"{item.path}:{item.place.line}:{item.place.column}: {item.code}"
        for item in report.diagnostics
    ]


# Which files --------------------------------------------------------------------------------------


def discovered(*paths: str, **options: bool) -> list[str]:
    return list(Engine(load()).discover(paths, **options).values())


def test_folders_are_searched(write: Write) -> None:
    for name in (
        "a.py",
        "b.pyw",
        "c.txt",
        "sub/d.py",
        "sub/e.pyi",
        ".venv/f.py",
        "node_modules/g.py",
    ):
        write(name)
    assert discovered(".") == ["a.py", "b.pyw", "sub/d.py"]
    assert discovered("sub") == ["sub/d.py"]
    assert discovered("./sub") == ["sub/d.py"]
    assert discovered(os.path.abspath("sub")) == [os.path.abspath("sub/d.py")]


def test_what_is_named_is_taken(write: Write) -> None:
    for name in ("c.txt", "sub/e.pyi", ".venv/f.py"):
        write(name)
    named = ["c.txt", "./sub/e.pyi", ".venv/f.py"]
    assert discovered(*named) == named
    assert discovered(".venv") == [".venv/f.py"]


def test_a_file_that_is_named_twice_is_checked_once(write: Write) -> None:
    write("sub/a.py")
    assert discovered("sub/a.py", "sub", "./sub/../sub/a.py", ".") == ["sub/a.py"]


def test_gitignore(write: Write, folder: Path) -> None:
    for name in (
        "a.py",
        "b_pb2.py",
        "keep_pb2.py",
        "build/c.py",
        "sub/build/d.py",
        "sub/keep_pb2.py",
    ):
        write(name)
    write(".gitignore", "*_pb2.py\nbuild/\n!keep_pb2.py\n[z-a]\n\\\n")
    write("sub/.gitignore", "*.py\n!d.py\n")
    assert discovered(".") == ["a.py", "keep_pb2.py"]
    assert discovered("b_pb2.py") == ["b_pb2.py"]
    (folder / ".git").mkdir()
    assert discovered("sub") == []
    # a .gitignore above the repository has no say in it
    (folder / "sub" / ".git").mkdir()
    (folder / "sub" / ".gitignore").unlink()
    assert discovered("sub") == ["sub/build/d.py", "sub/keep_pb2.py"]


def test_inside_of_an_ignored_folder(write: Write) -> None:
    """Virtual environments ignore themselves; who names a package in one means it."""
    write("env/.gitignore", "*\n")
    write("env/lib/package/a.py")
    write("env/lib/package/b.py")
    write("env/lib/package/.gitignore", "b.py\n")
    assert discovered(".") == []
    assert discovered("env/lib/package") == ["env/lib/package/a.py"]


def test_exclude(write: Write) -> None:
    for name in ("a.py", "old/b.py", "sub/old/c.py", "sub/d_test.py", "sub/e.py"):
        write(name)
    write("mplint.toml", 'exclude = ["/old", "*_test.py"]\n')
    assert discovered(".") == ["a.py", "sub/e.py", "sub/old/c.py"]
    assert discovered("sub/d_test.py", "old/b.py") == ["sub/d_test.py", "old/b.py"]
    assert discovered("old") == ["old/b.py"]
    assert discovered("sub/d_test.py", "old/b.py", "old", "a.py", force_exclude=True) == ["a.py"]


def test_links_and_pipes(write: Write, folder: Path) -> None:
    write("a.py", PLAIN)
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "self.py").symlink_to("self.py")
    (folder / "broken.py").symlink_to("nowhere.py")
    os.mkfifo(folder / "pipe.py")
    (folder / "folder.py").mkdir()
    write("folder.py/b.py", PLAIN)
    assert discovered(".") == ["a.py", "folder.py/b.py"]
    report = check("self.py", "broken.py", "pipe.py")
    assert places(report) == ["broken.py:1:1: MPL001", "pipe.py:1:1: MPL001", "self.py:1:1: MPL001"]
    messages = [item.message for item in report.diagnostics]
    assert messages[0] == "No such file or directory"
    assert messages[1] == "not a regular file"
    assert len(set(messages)) == 3


def test_a_folder_that_cannot_be_searched(
    write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.py", PLAIN)
    write("closed/b.py")
    closed = folder / "closed"
    # permissions are nothing to root
    monkeypatch.setattr(mplint.engine, "_is_open", lambda path: path != closed)
    assert places(check(".")) == ["closed:1:1: MPL001"]
    assert places(check("closed")) == ["closed:1:1: MPL001"]


# How they are read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (HANG.encode(), 5),
        (b"\xef\xbb\xbf" + HANG.encode(), 5),
        (HANG.replace("\n", "\r\n").encode(), 5),
        (HANG.replace("\n", "\r").encode(), 5),
        (f"# as on Macs\n{HANG}".replace("\n", "\r").encode() + b"x = x.y()\r" * 900, 6),
        (f"# a comment\r\r\n{HANG}".encode(), 7),
        (b"\xef\xbb\xbf# coding: utf-8\r\n" + HANG.replace("\n", "\r\n").encode(), 6),
        (b"# coding: latin-1\nname = '\xe9'\n" + HANG.encode(), 7),
        (b"#!/usr/bin/python\n# -*- coding: cp1252 -*-\nname = '\x80'\n" + HANG.encode(), 8),
        ("name = '\N{MATHEMATICAL FRAKTUR CAPITAL U}\u2028'\n".encode() + HANG.encode(), 6),
        (b"\x0c\n" + HANG.encode(), 6),
        (HANG.replace("queue.get", "\x0cqueue.get").encode(), 5),
        (HANG.rstrip().encode(), 5),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_encodings(write: Write, content: bytes, line: int) -> None:
    write("a.py", content)
    found = places(check("a.py"))
    assert [place.rpartition(":")[0].rsplit(":", 1)[0] for place in found] == [f"a.py:{line}"]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"# comment", b"\x0c", PLAIN])
def test_nothing_to_find(write: Write, content: bytes | str) -> None:
    write("a.py", content)
    report = check("a.py")
    assert (report.diagnostics, report.errors, report.files) == ([], [], 1)


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"x = 1\nname = '\xff'\n", 2, "not utf-8 text"),
        (b"from multiprocessing import Pool; Pool\nname = '\xff'\n", 2, "not utf-8 text"),
        (b"\xef\xbb\xbf# coding: latin-1\n", 1, "starts as UTF-8"),
        (b"# coding: no-such-coding\n", 1, "'no-such-coding', which is no encoding"),
        (b"# coding: rot13\n", 1, "'rot13', which is no encoding"),
        (b"# coding: punycode\n#-\n", 1, "not punycode text"),
        (b"# coding: undefined\n", 1, "not undefined text"),
        (b"# coding: " + b"x" * 100_000 + b"\n", 1, "names 'xxx"),
        (f"from multiprocessing import Pool; Pool\nx\u200b{'y' * 1000}\n".encode(), 2, "parsed"),
        (b"from multiprocessing import Pool; Pool\nx = '\\d'\n\n\ny = 0777\n", 5, "zeros"),
        (b"from multiprocessing import Pool; Pool\nx = 1\n  y = $\n", 3, "parsed"),
        (b"from multiprocessing import Pool; Pool\nx = 'open\n", 2, "unterminated"),
        (b"\xff\n", 1, "not UTF-8, and no other encoding is declared"),
        (b"# coding: utf-8\nname = '\xe4'\n", 2, "not utf-8 text"),
        (b"x = 1\ny = '\0'\n", 2, "null bytes"),
        (HANG.encode("utf-16"), 1, ""),
        (b"from multiprocessing import Pool; Pool\ndef f(:\n", 2, "parsed"),
        (b"from multiprocessing import Pool; Pool\nx = " + b"(" * 5000, 2, "nested"),
    ],
)
def test_what_cannot_be_read(write: Write, content: bytes, line: int, said: str) -> None:
    write("a.py", content)
    write("b.py")
    report = check("a.py", "b.py")
    assert places(report)[1:] == ["b.py:5:1: MPL114"]
    first = report.diagnostics[0]
    assert (first.path, first.place.line, first.code, first.kind) == (
        "a.py",
        line,
        "MPL001",
        "error",
    )
    assert said in first.message
    assert "\n" not in first.message and len(first.message) < 400


DEEP = {
    "parentheses": "x = " + "(" * 3000 + "1" + ")" * 3000,
    "calls": "x = a" + ".b()" * 400,
    "call_in_call": "x = " + "f(" * 350 + "1" + ")" * 350,
    "minus": "x = " + "-" * 2000 + "1",
    "sum": "x = " + " + ".join(["1"] * 1500),
    "and": "x = " + " and ".join(["y"] * 3000),
    "elif": "if x == 0:\n    pass\n" + "elif x == 1:\n    pass\n" * 500,
    "dictionary": "x = " + "{1: " * 300 + "1" + "}" * 300,
    "pattern": "match x:\n    case " + "{1: " * 30 + "y" + "}" * 30 + ":\n        pass",
    "blocks": "".join(f"{'  ' * depth}if x:\n" for depth in range(95)) + "  " * 95 + "pass",
    "too_many_blocks": "".join(f"{' ' * depth}if x:\n" for depth in range(200)) + " " * 200 + "x",
}
"""What goes deep, one program per line of defence: the parser, the model, the positions."""


@pytest.mark.parametrize("name", DEEP)
def test_deep_files(write: Write, name: str) -> None:
    """Such a file is analysed, or one finding says why not; it ends nothing, and hides nothing in
    the files that it belongs together with."""
    write("a.py", f"import b\n{HANG}")
    write("b.py", f"{HANG}{DEEP[name]}\n")
    report = check("a.py", "b.py")
    found = {(item.path, item.code) for item in report.diagnostics}
    assert found in (
        {("a.py", "MPL114"), ("b.py", "MPL114")},
        {("a.py", "MPL114"), ("b.py", "MPL001")},
    )
    said = " ".join(item.message for item in report.diagnostics if item.code == "MPL001")
    refused = "deep|too many (indentation levels|levels of indentation)|more than 1,000 parts"
    assert not said or re.search(refused, said)


def test_names_that_look_like_patterns(write: Write) -> None:
    nested = "{1: " * 20 + "1" + "}" * 20
    write("a.py", f"{HANG}case = {nested}\ncase.x = {nested}\ncase, = {nested},\ncase(1)\n")
    assert places(check("a.py")) == ["a.py:5:1: MPL114"]


def test_unreadable_can_be_ignored(write: Write) -> None:
    write("a.py", b"\xff")
    write("b.py", b"from multiprocessing import Pool; Pool\ndef f(:\n")
    engine = Engine(load(), Configuration(Settings(ignore=("MPL001",))))
    assert engine.check(engine.discover(["."])).diagnostics == []


# Settings -----------------------------------------------------------------------------------------


def test_per_file_ignores(write: Write) -> None:
    for name in ("a.py", "a_test.py", "old/b.py", "old/deep/c.py"):
        write(name)
    write("mplint.toml", '[per-file-ignores]\n"*_test.py" = ["MPL1"]\n"old/*.py" = ["MPL114"]\n')
    assert places(check(".")) == ["a.py:5:1: MPL114", "old/deep/c.py:5:1: MPL114"]
    assert places(check("a_test.py", "old/b.py")) == []


def test_start_methods_and_versions(write: Write) -> None:
    write("a.py")

    def bites(**given: object) -> list[tuple[str, ...]]:
        engine = Engine(load(), Configuration(Settings(select=("MPL114",), **given)))  # type: ignore[arg-type]
        report = engine.check(engine.discover(["."]))
        return [item.start_methods for item in report.diagnostics]

    assert bites() == [("fork", "spawn", "forkserver")]
    assert bites(start_methods=("spawn", "fork")) == [("fork", "spawn")]
    assert bites(target_version="3.14") == [("spawn", "forkserver")]
    assert bites(target_version="3.13") == [("fork", "spawn")]
    assert bites(requires_python=">=3.13") == [("fork", "spawn", "forkserver")]
    write("a.py", f"{HANG}import multiprocessing\nmultiprocessing.get_context('fork')\n")
    assert bites(target_version="3.14") == [("fork", "spawn", "forkserver")]
    write("mplint.toml", 'start-methods = ["forkserver"]\n')
    assert bites() == [("forkserver",)]
    assert bites(start_methods=("spawn",)) == [("spawn",)]


# Failures -----------------------------------------------------------------------------------------


def test_an_internal_failure_is_one_finding(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = load().rules["MPL114"].visitor
    ((question, original),) = visitor.answers

    def fails(self: RuleVisitor, node: object, operation: object) -> None:
        if self.model.path.name == "b.py":
            raise ZeroDivisionError("oh")
        original(self, node, operation)

    monkeypatch.setattr(visitor, "answers", ((question, fails),))
    for name in ("a.py", "b.py", "c.py"):
        write(name)
    report = check(".")
    assert places(report) == ["a.py:5:1: MPL114", "b.py:1:1: MPL002", "c.py:5:1: MPL114"]
    assert "ZeroDivisionError: oh" in report.diagnostics[1].message


_RUN_ELSEWHERE = mplint.engine._run_elsewhere


def _dies(job: Job) -> list[Diagnostic]:
    if any(target.path.name == "program_07.py" for target in job.targets):
        os._exit(3)
    return _RUN_ELSEWHERE(job)


def test_a_process_that_dies_is_one_finding(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mplint.engine, "_run_elsewhere", _dies)
    for number in range(mplint.engine.SERIAL_FILES + 2):
        write(f"program_{number:02}.py")
    found = places(check(".", jobs=2))
    assert "program_07.py:1:1: MPL002" in found
    assert sum("MPL114" in place for place in found) == mplint.engine.SERIAL_FILES + 1


def test_no_rule_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mplint.registry.entry_points", lambda group: ())
    load.cache_clear()
    try:
        with pytest.raises(RegistryError, match="no rule pack is installed; `pip install"):
            load()
    finally:
        load.cache_clear()


# What the model knows of a call -------------------------------------------------------------------


class Knows(RuleVisitor):
    """Finds all that the model knows of a call."""

    @on_made
    def made(self, node: cst.Call, made: Made) -> None:
        self.report(node, said=f"makes a {made.kind.name}", receiver="")

    @on_handover
    def given(self, node: cst.Call, given: Handover) -> None:
        self.report(node, said=f"gives away by {given.text}", receiver="")

    @on_operation("put", "start")
    def done(self, node: cst.Call, operation: Operation) -> None:
        if operation.argument("timeout") is None:
            self.report(node, said=f"does {operation.text}", receiver="")

    @on_operation()
    def all_done(self, node: cst.Call, operation: Operation) -> None:
        self.report(node, said=f"does anything: {operation.text}", receiver=operation.receiver)


def test_a_visitor_is_called_with_what_the_model_knows_of_a_call(write: Write) -> None:
    write(
        "a.py",
        """import multiprocessing as m


def work(queue):
    queue.put(1)
    queue.put(1, timeout=2)
    queue.get()
    print(1)


first, second = m.Queue(), m.Queue()
m.Process(target=work, args=(first,)).start()
m.Process(target=work, args=(second,)).start()
""",
    )
    outcome = Raises("Error")
    rule = Rule("TST001", "toy", "bug", "", "{said}", "{receiver}", Knows, outcome)
    engine = Engine(Registry({"TST001": rule}, {}), Configuration(isolated=True))
    report = engine.check(engine.discover(["."]))
    started = ["does anything: m.Process().start()", "does m.Process().start()"]
    started += ["gives away by m.Process()", "makes a Process"]
    # once, though the function is one of two processes, each with a queue of its own
    assert sorted((found.place.line, found.message) for found in report.diagnostics) == [
        (5, "does anything: queue.put()"),
        (5, "does queue.put()"),
        (6, "does anything: queue.put()"),
        (7, "does anything: queue.get()"),
        (11, "makes a Queue"),
        (11, "makes a Queue"),
        *((12, said) for said in started),
        *((13, said) for said in started),
    ]


@pytest.mark.parametrize(
    ("subjects", "found"),
    [((), ["a.py", "b.py"]), (("lock",), ["a.py"]), (("lock", "queue"), ["a.py", "b.py"])],
)
def test_a_rule_is_not_run_where_nothing_is_what_it_is_about(
    write: Write, subjects: tuple[str, ...], found: list[str]
) -> None:
    write("a.py", "import multiprocessing as m\nm.Lock()\n")
    write("b.py", "import multiprocessing as m\nm.Queue()\n")
    rule = replace(toy("TST001", Makes), subjects=subjects)
    engine = Engine(Registry({"TST001": rule}, {}), Configuration(isolated=True))
    report = engine.check(engine.discover(["."]))
    assert sorted(item.place.path for item in report.diagnostics) == found


# One cause, one finding ---------------------------------------------------------------------------


class Makes(RuleVisitor):
    """Finds what makes something; the message is about where it is kept."""

    @on_made
    def check(self, node: cst.Call, made: Made) -> None:
        self.report(node, related=[(made.site, "here")])


class Gets(RuleVisitor):
    """Finds what is taken out, and tells where it was made."""

    @on_operation("get")
    def check(self, node: cst.Call, get: Operation) -> None:
        assert isinstance(get.receiver, Made)
        self.report(node, related=[(get.receiver.site, "made here")])


def toy(code: str, visitor: type[RuleVisitor], yields_to: tuple[str, ...] = ()) -> Rule:
    outcome = Raises("Error")
    return Rule(code, "toy", "bug", "", "", "", visitor, outcome, yields_to=yields_to)


@pytest.mark.parametrize(
    ("yields_to", "found"),
    [((), ["TST001", "TST001", "TST002"]), (("TST001",), ["TST001", "TST001"])],
)
def test_a_finding_yields_to_its_cause(
    write: Write, yields_to: tuple[str, ...], found: list[str]
) -> None:
    write("a.py", "import multiprocessing as m\nq = m.Queue()\n\n\nq.get()\nother = m.Lock()\n")
    rules = {"TST001": toy("TST001", Makes), "TST002": toy("TST002", Gets, yields_to)}
    engine = Engine(Registry(rules, {}), Configuration(isolated=True))
    report = engine.check(engine.discover(["."]))
    assert sorted(item.code for item in report.diagnostics) == found


def test_only_what_speaks_of_the_same_yields(write: Write) -> None:
    write("a.py", "import multiprocessing as m\nm.Lock()\n")
    write("b.py", "import multiprocessing as m\nq = m.Queue()\nq.get()\n")
    rules = {
        "TST001": toy("TST001", Gets),
        "TST002": toy("TST002", Makes, ("TST001",)),
    }
    engine = Engine(Registry(rules, {}), Configuration(isolated=True))
    report = engine.check(engine.discover(["."]))
    assert places(report) == ["a.py:2:1: TST002", "b.py:3:1: TST001"]


# Nothing else decides what is found ---------------------------------------------------------------

PROJECTS = sorted(path.name for path in DATA.iterdir())


def all_rules() -> Configuration:
    return Configuration(Settings(extend_select=("ALL",)))


def found_in(files: Iterable[str], jobs: int = 1, **options: object) -> list[Diagnostic]:
    engine = Engine(load(), all_rules(), jobs=jobs, **options)  # type: ignore[arg-type]
    return engine.check(engine.discover(files)).diagnostics


@pytest.mark.parametrize("project", PROJECTS)
def test_the_projects_have_findings(copied: Callable[[str], Path], project: str) -> None:
    copied(project)
    assert found_in(["."])


@pytest.mark.parametrize("project", PROJECTS)
def test_each_alone(copied: Callable[[str], Path], project: str) -> None:
    """check(a, b) == check(a) + check(b), in any order, from paths of any form."""
    copied(project)
    files = discovered(".")
    whole = found_in(["."])
    assert whole == found_in(files) == found_in(reversed(files))
    assert whole == sorted(itertools.chain.from_iterable(found_in([file]) for file in files))
    absolute = found_in([os.path.abspath(file) for file in files])
    strip = os.getcwd() + os.sep
    assert [item.path.removeprefix(strip) for item in absolute] == [item.path for item in whole]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**6))
def test_any_files_in_any_order(copied: Callable[[str], Path], seed: int) -> None:
    for project in PROJECTS:
        copied(project)
    files = discovered(".")
    some = random.Random(seed).sample(files, random.Random(seed).randint(1, len(files)))
    whole = [item for item in found_in(files) if item.path in some]
    assert found_in(some) == whole


def test_jobs(copied: Callable[[str], Path]) -> None:
    folder = copied("pipeline")
    for number in range(mplint.engine.SERIAL_FILES):
        (folder / f"program_{number}.py").write_text(HANG)
    alone = found_in(["."], jobs=1)
    assert alone == found_in(["."], jobs=2) == found_in(["."], jobs=64)


def test_contents_on_disk_or_over_it(copied: Callable[[str], Path]) -> None:
    folder = copied("pipeline")
    whole = found_in(["."])
    for file in discovered("."):
        path = folder / file
        content = path.read_bytes()
        path.write_bytes(b"")
        engine = Engine(load(), all_rules(), {path: content})
        found = engine.check({path: file}).diagnostics
        assert found == [item for item in whole if item.path == file]
        path.unlink()
        engine = Engine(load(), all_rules(), {path: content})
        assert engine.check({path: file}).diagnostics == found
        path.write_bytes(content)


def test_one_engine_for_many_files(copied: Callable[[str], Path]) -> None:
    copied("pipeline")
    engine = Engine(load(), all_rules())
    found = [
        item
        for path, file in Engine(load()).discover(["."]).items()
        for item in engine.check({path: file}).diagnostics
    ]
    assert sorted(found) == found_in(["."])


def test_one_engine_works_a_program_out_once(
    copied: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    copied("pipeline")
    linked = []
    link = mplint.engine.link
    monkeypatch.setattr(mplint.engine, "link", lambda *which: linked.append(which) or link(*which))
    engine = Engine(load(), all_rules(), remembers=True)
    for path, file in engine.discover(["."]).items():
        engine.check({path: file})
    assert linked
    assert len(linked) == len(set(linked))


# What is checked does not run ---------------------------------------------------------------------

NAMES = (
    *("mplint_rules/__init__", "mplint_rules/mpl999_evil/__init__", "rules/mplint_rules/__init__"),
    *("multiprocessing", "queue", "socket", "random", "signal", "tempfile", "concurrent/__init__"),
    *("sitecustomize", "usercustomize", "conftest", "setup", "libcst", "rich/__init__", "pathspec"),
    *("packaging/__init__", "tomllib", "tomli", "json", "flake8_plugin"),
)

WATCHED = """\
import sys
watched = sys.argv.pop(1)

def watch(event, arguments):
    if event == "exec":
        name = getattr(arguments[0], "co_filename", "")
        assert not name.startswith(watched), name
    elif event == "import":
        assert not str(arguments[1] or "").startswith(watched), arguments[1]
    elif event == "compile":
        assert not str(arguments[1] or "").startswith(watched), arguments[1]
    elif event == "open" and str(arguments[0]).startswith(watched):
        writes = set(str(arguments[1] or "r")) & set("wxa+")
        assert not writes, arguments

sys.addaudithook(watch)
from mplint.frontends.cli import main
if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.fixture
def hostile(write: Write, folder: Path) -> Path:
    """A project in which every file tells when it has been run."""
    telling = f"open({str(folder.parent / 'ran')!r}, 'a').write(__file__ + '\\n')\n"
    for name in NAMES:
        write(f"{name}.py", telling)
    for number in range(mplint.engine.SERIAL_FILES + 1):
        write(f"program_{number}.py", HANG + telling)
    write("evil.egg-info/entry_points.txt", "[mplint.rules]\nevil = mplint_rules\n")
    write("evil.egg-info/PKG-INFO", "Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    return folder


def assert_nothing_ran(folder: Path) -> None:
    ran = folder.parent / "ran"
    assert not ran.exists(), ran.read_text()


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("way", ["script", "module", "watched"])
def test_nothing_is_run(hostile: Path, tmp_path: Path, way: str, jobs: int) -> None:
    if way == "script":
        command = [script("mplint")]
    elif way == "module":
        command = [sys.executable, "-m", "mplint"]
    else:
        (tmp_path / "watched.py").write_text(WATCHED)
        command = [sys.executable, str(tmp_path / "watched.py"), str(hostile)]
    command += ["check", "--select=MPL114", "--output-format=concise"]
    ran = spawn(*command, f"--jobs={jobs}", f"--cache-dir={tmp_path / 'cache'}")
    assert_nothing_ran(hostile)
    assert ran.err == ""
    assert (ran.status, len(ran.lines)) == (1, mplint.engine.SERIAL_FILES + 1)


def test_rule_packs_in_the_current_folder(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["", str(hostile), *sys.path])
    codes = list(load().rules)
    load.cache_clear()
    assert list(load().rules) == codes
    assert_nothing_ran(hostile)


def test_nothing_is_run_by_flake8(hostile: Path) -> None:
    # with one job: flake8's own processes look for modules in the current folder
    ran = spawn(
        script("flake8"), "--isolated", "--select=MPL", "--mplint-select=MPL114", "--jobs=1"
    )
    assert_nothing_ran(hostile)
    assert (ran.err, len(ran.lines)) == ("", mplint.engine.SERIAL_FILES + 1)
