"""One run of a program: its folder, its marks, and the journal that its processes write."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

INSIDE = Path(__file__).parent / "inside"


def _signals() -> tuple[int, int]:
    """Programs use SIGUSR1 and SIGUSR2 themselves, hardly ever the last realtime signals."""
    if hasattr(signal, "SIGRTMAX"):
        return int(signal.SIGRTMAX) - 2, int(signal.SIGRTMAX) - 3
    return int(getattr(signal, "SIGUSR1", 0)), int(getattr(signal, "SIGUSR2", 0))


ALL_THREADS, ONE_THREAD = _signals()
"""What asks a process for the stacks of all its threads, and for the main thread's alone; 0 where
processes have to write of their own accord."""

MARK = "MPLINT_RUN"
"""The environment variable by which a process is known to belong to a run."""


BEGINNING = 60.0
"""Seconds after which an empty folder is none that a run has just made: its observer was killed at
that moment, or when it had removed all but that."""


def _folders() -> Path:
    """Where the folders of runs are: a short path, for a socket's address has room for about a
    hundred characters."""
    short = Path("/tmp")
    usable = os.name == "posix" and short.is_dir() and os.access(short, os.W_OK | os.X_OK)
    return short if usable else Path(tempfile.gettempdir())


def _new_folder() -> str:
    return str(_folders() / f"mplint-{secrets.token_hex(4)}")


@dataclass(frozen=True, slots=True)
class Spec:
    """What an observer is to run. `source` is the folder whose code is the program's own,
    `start_method` the wished default (None: Python's), `seconds` the time that it gets.

    It works in a folder of the run that vanishes with it.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    source: str
    start_method: str | None = None
    seconds: float = 30.0
    folder: str = field(default_factory=_new_folder)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Spec:
        return cls(**{**data, "command": tuple(data["command"])})


@dataclass(frozen=True, slots=True)
class Run:
    """The places of a run, all inside its folder."""

    folder: Path

    @property
    def stacks(self) -> Path:
        return self.folder / "stacks"

    @property
    def work(self) -> Path:
        """The program's working folder."""
        return self.folder / "work"

    @property
    def temporary(self) -> Path:
        """The program's folder for temporary files."""
        return self.folder / "t"

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    def make(self) -> None:
        """Makes the folders, and locks the run until this process ends. Raises FileExistsError
        rather than to share a folder with anything else."""
        self.folder.mkdir(mode=0o700)
        self.lock()
        # not before: a run that has these and is not locked is taken for dead
        for inner in (self.stacks, self.work, self.temporary):
            inner.mkdir()

    def remove(self) -> None:
        """Removes the folder. What marks it as that of a run goes last: whoever is killed on the
        way leaves something that is known for what it is."""
        with contextlib.suppress(OSError):
            for inner in self.folder.iterdir():
                if inner.is_dir() and not inner.is_symlink() and inner != self.stacks:
                    shutil.rmtree(inner, ignore_errors=True)
                elif inner != self.stacks:
                    inner.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    def lock(self) -> int | None:
        """Locks the run for this process, until it ends or closes the descriptor that is returned.
        None when another process has done so, and where the system has no such locks."""
        try:
            import fcntl

            opened = os.open(self.folder, os.O_RDONLY)
        except (ImportError, OSError):
            return None
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(opened)
            return None
        return opened

    def environment(self, base: Mapping[str, str], start_method: str | None) -> dict[str, str]:
        """An environment in which every Python process loads `inside/sitecustomize.py`."""
        path = [str(INSIDE), *filter(None, [base.get("PYTHONPATH")])]
        return {
            **base,
            MARK: str(self.folder),
            "MPLINT_START_METHOD": start_method or "",
            "MPLINT_SIGNALS": f"{ALL_THREADS},{ONE_THREAD}",
            "PYTHONPATH": os.pathsep.join(path),
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self.temporary)),
        }


def dead_runs() -> Iterator[Run]:
    """This user's runs whose observer was killed and that nobody has cleaned up. Each is locked
    until the next one is asked for."""
    if os.name != "posix":
        return
    for folder in sorted(_folders().glob(f"mplint-{'[0-9a-f]' * 8}")):
        run = Run(folder)
        try:
            status = folder.lstat()
            begun = run.stacks.is_dir() or status.st_mtime < time.time() - BEGINNING
        except OSError:
            continue
        ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
        if ours and begun and (lock := run.lock()) is not None:
            yield run
            os.close(lock)


@dataclass(slots=True)
class Noted:
    """What a Python process has said of itself. `since` is its own clock at the first word."""

    pid: int
    parent: int
    how: str
    since: float
    library: str = ""
    name: str = ""
    status: int | None = None


class Journal:
    """What the processes of a run have noted so far."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._offset = 0
        self._rest = b""
        self.main: int | None = None
        self.noted: list[Noted] = []
        self.by_pid: dict[int, Noted] = {}
        self.blocks: list[str] = []

    def begin(self, main: int) -> None:
        """Writes down which process is the program's first, for whoever cleans up."""
        with self._run.journal.open("ab") as file:
            file.write(f"main\t{main}\t0\n".encode())

    def read(self) -> None:
        """Takes in what was added since the last time."""
        try:
            with self._run.journal.open("rb") as file:
                file.seek(self._offset)
                new = file.read()
        except OSError:
            return
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            with contextlib.suppress(ValueError):  # not ours: the program could write here as well
                event, pid, at, *rest = (
                    text.decode("unicode_escape", "replace") for text in line.split(b"\t")
                )
                self._take(event, int(pid), float(at), rest)

    def _take(self, event: str, pid: int, at: float, rest: list[str]) -> None:
        known = self.by_pid.get(pid)
        if event == "main":
            self.main = pid
        elif event == "start":
            how, parent, library = rest
            noted = Noted(pid, int(parent), how, at, library)
            self.noted.append(noted)
            self.by_pid[pid] = noted
        elif event == "block":
            (name,) = rest
            self.blocks.append(name)
        elif known is None:
            return
        elif event == "name":
            name, parent = rest
            known.name, known.parent = name, int(parent)
        elif event == "end":
            (status,) = rest
            known.status = int(status) if status.lstrip("-").isdigit() else 1
