"""Leaves nothing of a run: no process, no shared memory, no semaphore, no file.

The observer does this at its end, and whoever started the observer when that was killed.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import time
from pathlib import Path
from typing import Any

import psutil

from mplint.prove.observation import Left
from mplint.prove.processes import GONE, command_line, everyone, is_tracker, lives, reap
from mplint.prove.run import Journal, Run, dead_runs

SHARED = Path("/dev/shm")  # where Linux keeps shared memory and semaphores
_TRACKER = re.compile(
    r"resource_tracker: There appear to be (?P<count>\d+) leaked (?P<kind>\w+) objects"
)
SECONDS = 5.0
"""How long processes get to die, and then trackers to clean up."""


def clear(run: Run, *, adopted: bool, died: float | None = None) -> None:
    """Ends every process of a run and removes what it left. `adopted` says that all children of the
    calling process belong to the run. Does nothing when the run never began.

    `died` is the time after which nothing of an old run began: whatever is younger, and only has a
    number or a name that the run had too, is somebody else's.
    """
    journal = Journal(run)
    if run.folder.is_dir():
        _end_processes(run, journal, adopted, died)
        for left in left_shared(run, journal, died):
            _unlink(left)
        run.remove()


def sweep() -> None:
    """Clears the runs that were left when mplint and an observer were killed at once."""
    for run in dead_runs():
        with contextlib.suppress(OSError):
            inner = list(run.folder.iterdir()) or [run.folder]
            last = max(path.lstat().st_mtime for path in inner)
            # plus a second: a block is noted when it is made, and gets its size after that
            clear(run, adopted=False, died=last + 1)


def _end_processes(run: Run, journal: Journal, adopted: bool, died: float | None) -> None:
    """Kills everything but resource trackers, which clean up once they are alone, then these."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        victims = everyone(run, journal, adopted=adopted, died=died)
        trackers = {process for process in victims if is_tracker(command_line(process))}
        if victims == trackers:
            break
        for process in victims - trackers:
            _kill(process)
        _wait(victims - trackers, 0.5, adopted)
    # a tracker may belong to a process that has just been killed: look once more
    trackers = everyone(run, journal, adopted=adopted, died=died)
    for process in _wait(trackers, SECONDS, adopted):
        _kill(process)
        _wait({process}, 0.5, adopted)


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(*GONE):
        process.kill()


def _wait(processes: set[psutil.Process], seconds: float, adopted: bool) -> set[psutil.Process]:
    """Waits until all have ended; what is left when the time is over."""
    until = time.monotonic() + seconds
    while True:
        if adopted:
            reap(main=0)
        processes = {process for process in processes if lives(process)}
        if not processes or time.monotonic() > until:
            return processes
        time.sleep(0.01)


def left_shared(run: Run, journal: Journal, died: float | None = None) -> list[Left]:
    """The shared memory and the semaphores of a run that exist still. `died` as in `clear`."""
    journal.read()
    blocks = dict.fromkeys(journal.blocks) if os.name == "posix" else {}
    left = [
        Left("shared memory", name)
        for name in blocks
        if _exists(name) and not _is_younger(SHARED / name.lstrip("/"), died)
    ]
    if SHARED.is_dir():
        left += [
            Left("semaphore", path.name) for path in sorted(SHARED.glob(f"*{run.folder.name}*"))
        ]
        # memory of values and arrays, whose name lasts for a moment only
        left += [
            Left("shared memory", f"/{path.name}")
            for noted in journal.noted
            for path in SHARED.glob(f"pym-{noted.pid}-*")
            if not _is_younger(path, died)
        ]
    return left


def _is_younger(path: Path, died: float | None) -> bool:
    """Whether a file began after a time; true when that cannot be known."""
    if died is None:
        return False
    try:
        return path.stat().st_ctime > died
    except OSError:
        return True


def _posix() -> Any:
    """Shared memory by its name alone: what the standard library builds upon."""
    return importlib.import_module("_posixshmem")


def _exists(name: str) -> bool:
    try:
        os.close(_posix().shm_open(name, os.O_RDONLY, mode=0o600))
    except OSError:
        return False
    return True


def _unlink(left: Left) -> None:
    with contextlib.suppress(OSError):
        if left.kind == "semaphore":
            (SHARED / left.name).unlink()
        else:
            _posix().shm_unlink(left.name)


def left_to_tracker(stderr: str) -> list[Left]:
    """What the program left to multiprocessing's resource tracker, which says what it removes."""
    return [
        Left(match["kind"].replace("_", " "), f"{match['count']}, removed by the resource tracker")
        for match in _TRACKER.finditer(stderr)
    ]


def left_files(run: Run) -> list[Left]:
    """What the program left in its folder for temporary files."""
    return [
        Left("folder" if path.is_dir() else "file", path.name)
        for path in sorted(run.temporary.iterdir())
    ]
