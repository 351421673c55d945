"""What several test modules need."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parent.parent

HANG = """\
from multiprocessing import Queue

queue = Queue()
queue.put(1)
queue.get(5)
"""
"""A program with one finding of MPL114 at 5:1, and whatever other rules say of it."""

PLAIN = "print('nothing about processes')\n"


@dataclass(frozen=True)
class Ran:
    """What a command line did."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@pytest.fixture
def mplint(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Runs the command line in this process."""
    from mplint.frontends.cli import main

    def run(*arguments: object, stdin: bytes | None = None) -> Ran:
        if stdin is not None:
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            assert isinstance(ended.code, int)
            status = ended.code
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    path = tmp_path / "project"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Writes a file in the current folder."""

    def write(name: str, content: str | bytes = HANG) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def copied(folder: Path) -> Callable[[str], Path]:
    """Copies one of the projects in `data` into the current folder."""

    def copy(name: str) -> Path:
        shutil.copytree(DATA / name, folder, dirs_exist_ok=True)
        return folder

    return copy


def script(name: str) -> str:
    """The path of a command that is installed beside this Python."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert found is not None, f"{name} is not installed"
    return found


def spawn(*arguments: object, stdin: bytes = b"", **kwargs: object) -> Ran:
    """Runs a program in a process of its own."""
    ran = subprocess.run(
        [str(argument) for argument in arguments],
        input=stdin,
        capture_output=True,
        timeout=300,
        **kwargs,  # type: ignore[call-overload]
    )
    return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())
