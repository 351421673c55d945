"""Asks the processes of a run for their stacks, and reads the answers.

The answers come from `faulthandler`, which a process needs no running Python code for: one that is
blocked in a C call, even while it holds the interpreter's lock, answers as well.
"""

from __future__ import annotations

import ctypes
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from mplint.prove.observation import Frame, Stack
from mplint.prove.processes import GONE
from mplint.prove.run import ALL_THREADS, ONE_THREAD, Journal, Run

SETTLED = 0.02
"""An answer is complete when its file has not grown for so many seconds."""
PATIENCE = 0.5
"""How many seconds processes get to answer."""

_HEADER = re.compile(r"(?:Stack|(?:Current t|T)hread 0x[0-9a-f]+.*) \(most recent call first\):$")
_FRAME = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+|\?\?\?) in (?P<function>.*)$')


_LIBRARY = ctypes.CDLL(None) if sys.platform == "linux" else None


class Asker:
    """Gets stacks out of processes. `source` is the folder of the program's own code."""

    def __init__(self, run: Run, journal: Journal, source: str) -> None:
        self._run = run
        self._journal = journal
        self._source = source

    def ask(
        self, processes: Iterable[psutil.Process], *, all_threads: bool
    ) -> dict[psutil.Process, tuple[Stack, ...]]:
        """The stacks of those processes that answer in time. The others are left out: they are no
        Python, or do not answer any more.

        All threads may be asked for only while they rest: to look at the stack of one that runs can
        crash a process. The main thread, which answers for itself, can be asked for at any time.
        """
        number = ALL_THREADS if all_threads else ONE_THREAD
        files = {process: self._run.stacks / str(process.pid) for process in processes}
        before = {process: _size(path) for process, path in files.items()}
        asked = {
            process: files[process]
            for process in files
            if before[process] >= 0 and (not number or _send(process, number))
        }
        # where nothing can be sent, processes write time and again: the last answer counts
        begins = before if number else dict.fromkeys(files, 0)
        _until_settled([(asked[process], before[process]) for process in asked])
        answers = {
            process: self._read(process, _text(path, begins[process]))
            for process, path in asked.items()
        }
        return {process: stacks for process, stacks in answers.items() if stacks}

    def _read(self, process: psutil.Process, text: str) -> tuple[Stack, ...]:
        noted = self._journal.by_pid.get(process.pid)
        library = noted.library if noted is not None else ""
        forked = noted is not None and noted.how == "fork"
        return parse(text, lambda file: self._is_user(file, library), forked)

    def _is_user(self, file: str, library: str) -> bool:
        if _inside(file, self._source):
            return True
        return not (
            file.startswith("<")
            or (library and _inside(file, library))
            or "site-packages" in file
            or "dist-packages" in file
        )


def parse(text: str, is_user: Callable[[str], bool], forked: bool) -> tuple[Stack, ...]:
    """The stacks in what `faulthandler` wrote; of several answers, the last one's."""
    threads: list[list[Frame]] = []
    frames: list[Frame] | None = None
    for line in text.rpartition("Timeout (")[2].splitlines():
        if _HEADER.match(line):
            frames = []
            threads.append(frames)
        elif frames is not None and (match := _FRAME.match(line)):
            number = int(match["line"]) if match["line"].isdigit() else 0
            frames.append(Frame(match["file"], number, match["function"], is_user(match["file"])))
    stacks = [Stack(False, _own_life(found, forked)) for found in threads]
    # the main thread is the oldest, and listed last; a single stack may be another thread's, but
    # for a child that a thread has forked: there it has become the main one
    if stacks and not (stacks[-1].frames == tuple(threads[-1]) and _is_thread(threads[-1])):
        stacks[-1] = Stack(True, stacks[-1].frames)
    return tuple(stacks)


def _is_thread(frames: list[Frame]) -> bool:
    return any(in_library(f, "threading.py") and f.function == "_bootstrap" for f in frames[-1:])


def _own_life(frames: list[Frame], forked: bool) -> tuple[Frame, ...]:
    """Without what a child's parent was doing when it made the child, and how it was begun."""
    for index, frame in enumerate(frames):
        births = _BIRTHS if forked else _BIRTHS[:-1]
        if any(frame.function == function and in_library(frame, path) for path, function in births):
            return tuple(frames[:index])
    return tuple(frames)


_BIRTHS = (
    ("multiprocessing/process.py", "_bootstrap"),
    ("multiprocessing/spawn.py", "_main"),
    ("multiprocessing/forkserver.py", "_serve_one"),
    ("multiprocessing/forkserver.py", "main"),
    ("multiprocessing/popen_fork.py", "_launch"),  # the parent goes through this one as well
)


def in_library(frame: Frame, path: str) -> bool:
    """Whether a call is in a module of Python's library, as in `multiprocessing/pool.py`."""
    return not frame.user and frame.file.replace("\\", "/").endswith(f"/{path}")


def _inside(file: str, folder: str) -> bool:
    return bool(folder) and Path(file).is_relative_to(folder)


def _send(process: psutil.Process, number: int) -> bool:
    """Sends a signal, if the process has a handler for it: without one it would die of it."""
    if not _handles(process.pid, number):
        return False
    try:
        if _LIBRARY is not None and hasattr(_LIBRARY, "tgkill"):
            # to the main thread: sent to the process, it may hit any
            return bool(_LIBRARY.tgkill(process.pid, process.pid, number) == 0)
        process.send_signal(number)
    except (*GONE, OSError):
        return False
    return True


def _handles(pid: int, number: int) -> bool:
    """Whether a signal has a handler. Elsewhere than on Linux the file of answers has to do."""
    if sys.platform != "linux":
        return True
    try:
        status = Path(f"/proc/{pid}/status").read_text("latin-1")
    except OSError:
        return False
    caught = int(status.partition("\nSigCgt:\t")[2].partition("\n")[0] or "0", 16)
    return bool(caught >> (number - 1) & 1)


def _until_settled(files: list[tuple[Path, int]]) -> None:
    """Waits until each file is longer than it was and has stopped growing."""
    until = time.monotonic() + PATIENCE
    sizes = [-1 for _ in files]
    while time.monotonic() < until:
        time.sleep(SETTLED)
        now = [_size(path) for path, _ in files]
        if now == sizes and all(
            size > before for size, (_, before) in zip(now, files, strict=True)
        ):
            return
        sizes = now


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _text(path: Path, begin: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(begin)
            return file.read(1_000_000).decode("utf-8", "replace")
    except OSError:
        return ""
