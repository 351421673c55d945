"""Projects that make it hard: names, sizes, files that go away, and disks that are full."""

from __future__ import annotations

import errno
import functools
import io
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import HANG, PLAIN, Ran, script, spawn

import mplint.cache
import mplint.source
from mplint.config import Configuration, Settings
from mplint.engine import Engine, Report
from mplint.registry import load
from mplint.source import MAX_BYTES, Files, Unreadable

Write = Callable[..., Path]
Mplint = Callable[..., Ran]

ONE = "--select=MPL114"
ONE_RULE = Configuration(Settings(select=("MPL114",)))


def check(*paths: str, **options: Any) -> Report:
    engine = Engine(load(), ONE_RULE, **options)
    return engine.check(engine.discover(paths or ["."]))


def said(report: Report) -> list[tuple[str, str]]:
    return [(item.path, item.code) for item in report.diagnostics]


# Names --------------------------------------------------------------------------------------------

NAMES = (
    b"new\nline.py",
    b"x\n::error file=y::z.py",
    b"return\rescape\x1b[31m.py",
    b"quote\"'`.py",
    b"not text \xff\xfe.py",
    b"folder \xff/module.py",
    b"-x.py",
    b"--select.py",
    b"a::b%0A,c.py",
    "ü \u202e\u2028.py".encode(),
    b" space .py",
)
"""Whatever Linux takes for a name."""


@pytest.fixture
def named(folder: Path) -> list[str]:
    """A project of files with such names, sorted."""
    for name in NAMES:
        path = os.path.join(os.fsencode(folder), name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as stream:
                stream.write(HANG.encode())
        except OSError:
            pytest.skip("this file system does not take such names")
    return sorted(map(os.fsdecode, NAMES))


def run(output_format: str, *arguments: str) -> Ran:
    command = [script("mplint"), "check", "--isolated", "--no-cache", ONE]
    return spawn(*command, f"--output-format={output_format}", *arguments)


@pytest.mark.parametrize("output_format", ["concise", "full"])
def test_names_in_text(named: list[str], output_format: str) -> None:
    """A name cannot begin a line of its own, nor do anything to a terminal."""
    ran = run(output_format)
    assert (ran.status, ran.err) == (1, "")
    lines = [line for line in ran.out.split("\n") if ".py:5:1" in line]
    assert len(lines) == len(named)
    assert all(line.isprintable() for line in ran.out.split("\n"))
    assert not any(line.startswith("::error") for line in ran.out.split("\n"))
    assert any("new\\nline.py:5:1" in line for line in lines)
    assert any("return\\rescape\\x1b[31m.py:5:1" in line for line in lines)


def test_names_in_json(named: list[str]) -> None:
    assert [item["path"] for item in json.loads(run("json").out)] == named
    lines = run("jsonl").out.splitlines()
    assert [json.loads(line)["path"] for line in lines] == named


def test_names_in_sarif(named: list[str]) -> None:
    from urllib.parse import unquote_to_bytes

    results = json.loads(run("sarif").out)["runs"][0]["results"]
    uris = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results
    ]
    assert all(uri.isascii() and uri.isprintable() and " " not in uri for uri in uris)
    assert sorted(os.fsdecode(unquote_to_bytes(uri)) for uri in uris) == named


def test_names_in_commands_for_github(named: list[str]) -> None:
    ran = run("github")
    lines = ran.out.removesuffix("\n").split("\n")
    assert len(lines) == len(named)
    assert all(line.startswith("::error title=mplint MPL114 ") for line in lines)
    assert "\r" not in ran.out


def test_names_that_are_named(named: list[str]) -> None:
    """As pre-commit does, and through processes of our own."""
    ran = run("json", "--jobs=2", "--", *named)
    assert [item["path"] for item in json.loads(ran.out)] == named
    assert ran.err == ""


def test_names_are_kept_in_the_cache(named: list[str], folder: Path) -> None:
    cold = check(cached=True)
    assert sorted(path for path, _ in said(cold)) == named
    assert check(cached=True).diagnostics == cold.diagnostics


def test_a_name_in_a_complaint(folder: Path, mplint: Mplint) -> None:
    ran = mplint("check", "no\nwhere\x1b[31m")
    said = "mplint: no\\nwhere\\x1b[31m: there is no such file or folder"
    assert ran.err.split("\n") == [said, ""]
    ran = mplint("check", "--sel\nect")
    assert len(ran.err.splitlines()) == 2


# What is no program -------------------------------------------------------------------------------


def test_sockets_and_devices(write: Write, folder: Path) -> None:
    write("a.py")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.py")
        (folder / "zero.py").symlink_to("/dev/zero")
        (folder / "full").symlink_to("/dev")
        assert said(check()) == [("a.py", "MPL114")]
        named = check("socket.py", "zero.py")
    assert said(named) == [("socket.py", "MPL001"), ("zero.py", "MPL001")]


@pytest.mark.parametrize("name", [".gitignore", "pyproject.toml", "mplint.toml", "setup.cfg"])
def test_a_pipe_or_folder_in_the_place_of_a_setting(write: Write, folder: Path, name: str) -> None:
    write("a.py")
    os.mkfifo(folder / name)
    assert said(check()) == [("a.py", "MPL114")]
    (folder / name).unlink()
    (folder / name).mkdir()
    assert said(check()) == [("a.py", "MPL114")]


def test_loops_of_folders(write: Write, folder: Path) -> None:
    write("one/a.py")
    write("two/b.py")
    (folder / "one" / "two").symlink_to(folder / "two")
    (folder / "two" / "one").symlink_to(folder / "one")
    (folder / "two" / "up").symlink_to("..")
    paths = [str(Path(path).resolve().relative_to(folder)) for path, _ in said(check())]
    assert sorted(set(paths)) == ["one/a.py", "two/b.py"]
    assert len(paths) == 2


def test_what_the_system_makes_up(
    write: Write, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """Regular files, by what they say, that have nothing to read yet, or never end."""
    write("a.py")

    endless = False

    class Stream(io.BytesIO):
        def fileno(self) -> int:
            return known.fileno()

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and size >= 0
            return b"#" * size if endless else None  # type: ignore[return-value]

    def opened(path: Path, *rest: Any, **options: Any) -> Any:
        return Stream() if path.name == "made_up.py" else open(path, *rest, **options)

    with open(write("made_up.py"), "rb") as known:
        monkeypatch.setattr(mplint.source, "open", opened, raising=False)
        for message in ("nothing can be read from it", "larger than 20 MB"):
            report = check()
            assert said(report) == [("a.py", "MPL114"), ("made_up.py", "MPL001")]
            assert report.diagnostics[1].message == message
            endless = True


IMPORTS = {
    "many dots": f"import {'.'.join(['package'] * 900)}",
    "many dots before": f"from {'.' * 900} import a",
    "many folders up": f"from {'.' * 900}a import b",
    "a long name": f"import {'x' * 300}",
    "a long name of a package": f"from {'x' * 300}.y import z",
    "a long name in a module": f"from . import {'x' * 300}",
    "a star": f"from {'.'.join(['package'] * 900)} import *",
}


@pytest.mark.parametrize("text", IMPORTS.values(), ids=IMPORTS)
def test_imports_of_what_cannot_be_a_file(write: Write, text: str) -> None:
    write("a.py", f"{text}\n{HANG}")
    write("b.py")
    assert said(check()) == [("a.py", "MPL114"), ("b.py", "MPL114")]


def test_what_one_may_not_look_at(
    write: Write, monkeypatch: pytest.MonkeyPatch, mplint: Mplint
) -> None:
    """A folder that one may list but not search. Permissions are nothing to root."""
    write("a.py")
    originals = {name: getattr(os, name) for name in ("stat", "lstat", "open")}

    def closed(path: Any, *rest: Any, name: str, **options: Any) -> Any:
        if not isinstance(path, int) and "closed" in os.fspath(path):
            raise PermissionError(errno.EACCES, "Permission denied")
        return originals[name](path, *rest, **options)

    for name in originals:
        monkeypatch.setattr(os, name, functools.partial(closed, name=name))
    write("b.py", f"import closed.module\nfrom closed import x\n{HANG}")
    ran = mplint("check", "a.py", "b.py", "closed/c.py", ONE, "--output-format=concise")
    places = ["a.py:5:1: MPL114", "b.py:7:1: MPL114", "closed/c.py:1:1: MPL001"]
    assert [" ".join(line.split(" ")[:2]) for line in ran.lines] == places
    assert (ran.status, ran.err) == (1, "")


@pytest.fixture
def deepest(folder: Path) -> Iterator[str]:
    """A folder in a folder in a folder …, deeper than Python calls itself."""
    name, opened = "d", [os.open(folder, os.O_RDONLY)]
    depth = sys.getrecursionlimit() + 50
    for _ in range(depth):
        os.mkdir(name, dir_fd=opened[-1])
        opened.append(os.open(name, os.O_RDONLY, dir_fd=opened[-1]))
        if len(opened) > 2:
            os.close(opened.pop(-2))
    file = os.open("a.py", os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=opened[-1])
    os.write(file, HANG.encode())
    os.close(file)
    yield os.path.join(*[name] * depth, "a.py")
    path = str(folder)
    os.unlink("a.py", dir_fd=opened[-1])
    for descriptor in opened:
        os.close(descriptor)
    for left in range(depth, 0, -1):  # no tool that calls itself can delete them
        os.rmdir(os.path.join(path, *[name] * left))


def test_folders_inside_folders(write: Write, deepest: str) -> None:
    write("b.py")
    write(".gitignore", "nothing\n")
    assert said(check()) == [("b.py", "MPL114"), (deepest, "MPL114")]


def test_a_path_that_is_not_there_inside_folders_that_are_not(mplint: Mplint) -> None:
    ran = mplint("check", "no/" * 1500)
    assert ran.status == 2
    [line] = ran.err.splitlines()
    assert line.endswith("there is no such file or folder")


# Sizes --------------------------------------------------------------------------------------------


def test_a_line_of_ten_megabytes(write: Write) -> None:
    write("a.py", HANG + "text = '" + "x" * 10_000_000 + "'\n")
    report = check()
    assert said(report) == [("a.py", "MPL114")]
    ran = run("full")
    assert ran.status == 1 and len(ran.out) < 10_000


def test_a_finding_in_a_line_of_a_megabyte(write: Write) -> None:
    text = HANG.replace("queue.get(5)", f"queue.get(5); text = '{'x' * 1_000_000}'")
    write("a.py", text)
    assert len(run("full").out) < 10_000
    assert len(run("concise").out) < 1_000


NUMBERS = {
    "digits": "9" * 5000,  # more than Python reads
    "digits of a float": f"{'9' * 5000}.0",
    "digits of an imaginary number": f"{'9' * 5000}j",
    "hexadecimal digits": f"0x{'f' * 10_000}",  # which Python reads, but does not write
    "an exponent": "1e9999",
}


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_large_numbers(write: Write, number: str) -> None:
    uses = f"x = Queue({number})\nx.put(x.get(timeout={number}))\n"
    loop = f"for number in range({number}):\n    x.put({number})\n"
    write("a.py", f"{HANG}{uses}{loop}")
    engine = Engine(load(), Configuration(Settings(select=("ALL",))))
    codes = {code for _, code in said(engine.check(engine.discover(["."])))}
    assert "MPL114" in codes and not codes & {"MPL001", "MPL002"}


def test_files_as_large_as_may_be(write: Write) -> None:
    """Each `#` might begin a comment that suppresses."""
    write("a.py", HANG.encode() + b"#" * (MAX_BYTES - len(HANG) - 1) + b"\n")
    write("b.py", HANG.encode() + b"#" * (MAX_BYTES - len(HANG)) + b"\n")
    report = check()
    assert said(report) == [("a.py", "MPL114"), ("b.py", "MPL001")]
    assert report.diagnostics[1].message == "larger than 20 MB"


# Files that go away -------------------------------------------------------------------------------

WORKER = """\
from multiprocessing import Process
from helper import work

if __name__ == "__main__":
    Process(target=work).start()
"""


@pytest.mark.parametrize("cached", [True, False])
def test_files_that_vanish_after_the_search(write: Write, cached: bool) -> None:
    write("a.py")
    gone = write("b.py")
    engine = Engine(load(), ONE_RULE, cached=cached)
    files = engine.discover(["."])
    gone.unlink()
    assert said(engine.check(files)) == [("a.py", "MPL114"), ("b.py", "MPL001")]


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("after", range(1, 8))
def test_files_that_vanish_while_they_are_read(
    write: Write, monkeypatch: pytest.MonkeyPatch, after: int, cached: bool
) -> None:
    """From the n-th look on they are not there. That may cost findings, or be said, but no more."""
    write("main.py", WORKER + HANG)
    write("helper.py", "def work():\n    pass\n")
    write("pyproject.toml", "[project]\nname = 'x'\n")
    original, looks = Files.read, iter(range(after))

    def read(self: Files, path: Path) -> bytes:
        if next(looks, None) is None:
            raise Unreadable("No such file or directory")
        return original(self, path)

    monkeypatch.setattr(Files, "read", read)
    report = check(cached=cached)
    assert {code for _, code in said(report)} <= {"MPL001", "MPL114"}


@pytest.mark.parametrize("after", range(1, 8))
def test_files_that_change_while_they_are_read(
    write: Write, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """From the n-th look on they have other contents, without most of the lines."""
    write("main.py", WORKER + HANG)
    write("helper.py", "def work():\n    pass\n")
    original, looks = Files.read, iter(range(after))

    def read(self: Files, path: Path) -> bytes:
        data = original(self, path)
        return data if next(looks, None) is not None else PLAIN.encode()

    monkeypatch.setattr(Files, "read", read)
    report = check(cached=True)
    assert {code for _, code in said(report)} <= {"MPL114"}
    assert run("full").status == 1


# Disks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("call", ["mkdir", "open", "replace", "write", "fsync"])
def test_a_cache_that_cannot_be_written(
    write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    write("a.py")
    write("pyproject.toml", "[project]\nname = 'x'\n")
    cache = str(folder / mplint.cache.FOLDER)

    def failing(original: Callable[..., Any]) -> Callable[..., Any]:
        def fail(first: Any, *arguments: Any, **options: Any) -> Any:
            if isinstance(first, int) or os.fspath(first).startswith(cache):
                raise OSError(number, os.strerror(number))
            return original(first, *arguments, **options)

        return fail

    with monkeypatch.context() as patched:
        patched.setattr(os, call, failing(getattr(os, call)))
        report = check(cached=True)
    assert said(report) == [("a.py", "MPL114")]
    assert said(check(cached=True)) == [("a.py", "MPL114")]


# Code that must not run ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["script", "pre-commit"])
def test_a_folder_full_of_module_names(write: Write, folder: Path, way: str) -> None:
    """All of the standard library's names, and of what mplint needs. Not with `python -m`, which
    itself looks for `importlib` and others in the current folder, before anything of ours runs."""
    names = set(sys.stdlib_module_names) | {"libcst", "rich", "packaging", "pathspec", "psutil"}
    names |= {"mplint_rules", "yaml", "typing_extensions", "pygments", "sitecustomize"}
    mark = folder.parent / "ran"
    for name in names:
        write(f"{name}.py", f"open({str(mark)!r}, 'a').write(__name__ + ' ')\n")
    write("a.py")
    command = {
        "script": [script("mplint"), "check", ONE, "--jobs=2"],
        "pre-commit": [script("mplint"), "check", "--force-exclude", ONE, "--", "a.py"],
    }[way]
    ran = spawn(*command, "--output-format=concise") if way != "pre-commit" else spawn(*command)
    assert not mark.exists(), mark.read_text()
    assert (ran.status, ran.err) == (1, "")
