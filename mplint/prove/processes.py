"""Which processes belong to a run, and what each of them is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TypeVar

import psutil

from mplint.prove.observation import HELPERS, Kind
from mplint.prove.run import MARK, Journal, Run

T = TypeVar("T")

GONE = (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied)
"""What psutil raises when a process ends while it is looked at, or is not ours to look at."""


class Family:
    """The processes of a run, as seen by the observer, their ancestor.

    Where orphans come back to the observer (Linux), its descendants are all of them. Elsewhere
    those that have said so in the journal are added.
    """

    def __init__(self, journal: Journal, main: psutil.Process) -> None:
        self.journal = journal
        self.main = main
        self._kinds: dict[psutil.Process, Kind] = {}

    def living(self) -> dict[psutil.Process, Kind]:
        """All processes that live now; a zombie does not. What those that have ended had to say is
        in the journal then."""
        found = set(psutil.Process().children(recursive=True))
        self.journal.read()
        found.update(_noted(self.journal))
        return {process: self._kind(process) for process in found if lives(process)}

    def kind_of(self, pid: int) -> Kind:
        """What a process was that was seen before."""
        if pid == self.main.pid:
            return "main"
        return next((kind for process, kind in self._kinds.items() if process.pid == pid), "child")

    def _kind(self, process: psutil.Process) -> Kind:
        kind = self._kinds.get(process)
        if kind is None:
            kind = self._find_kind(process)
            noted = self.journal.by_pid.get(process.pid)
            if noted is not None:  # until it has spoken it may yet turn into another
                self._kinds[process] = kind
        return kind

    def _find_kind(self, process: psutil.Process) -> Kind:
        if process == self.main:
            return "main"
        noted = self.journal.by_pid.get(process.pid)
        if noted is not None and (noted.how == "fork" or noted.name):
            return "child"
        line = command_line(process)
        if is_tracker(line):
            return "resource tracker"
        if "multiprocessing.forkserver import" in line:
            # what it forks has its command line, but is not started by `exec`
            return "forkserver" if noted is not None else "child"
        return "child" if noted is not None else "other"


def helper(kind: Kind) -> bool:
    """Whether a process serves the others and waits by nature."""
    return kind in HELPERS


def lives(process: psutil.Process) -> bool:
    return _of(process, lambda p: p.is_running() and p.status() != psutil.STATUS_ZOMBIE, False)


def command_line(process: psutil.Process) -> str:
    return _of(process, lambda p: " ".join(p.cmdline()), "")


def is_tracker(line: str) -> bool:
    return "multiprocessing.resource_tracker import" in line


def _noted(journal: Journal) -> Iterable[psutil.Process]:
    """The processes that have written in the journal, as far as their numbers are still theirs."""
    for noted in list(journal.by_pid.values()):
        try:
            process = psutil.Process(noted.pid)
            if process.create_time() <= noted.since + 1:
                yield process
        except GONE:
            continue


def everyone(
    run: Run, journal: Journal, *, adopted: bool, died: float | None = None
) -> set[psutil.Process]:
    """Every living process that has anything to do with a run: by its mark in the environment, by
    session, by its word in the journal, or as a descendant of one of these.

    `adopted` says that all children of the calling process belong to the run. A process that began
    after the time `died` may have a session whose number was the run's before.
    """
    journal.read()
    me = psutil.Process()
    own = {me.pid, *(parent.pid for parent in me.parents())}
    found = set(me.children(recursive=True)) if adopted else set()
    found.update(_noted(journal))
    for process in psutil.process_iter():
        marked = _of(process, lambda p: p.environ().get(MARK) == str(run.folder), False)
        mate = journal.main is not None and _session(process.pid) == journal.main
        if mate and died is not None:
            mate = _of(process, lambda p: p.create_time() <= died, False)
        if marked or mate:
            found.add(process)
    for process in list(found):
        found.update(_of(process, lambda p: p.children(recursive=True), []))
    return {process for process in found if process.pid not in own and lives(process)}


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid) if hasattr(os, "getsid") else None
    except OSError:
        return None


def _of(process: psutil.Process, question: Callable[[psutil.Process], T], otherwise: T) -> T:
    try:
        return question(process)
    except (*GONE, OSError):
        return otherwise


def reap(main: int) -> dict[int, int]:
    """Takes the ended orphans that came to this process, and says with which status each ended.
    The program's first process is left to whoever started it."""
    ended: dict[int, int] = {}
    if os.name != "posix":
        return ended
    for child in psutil.Process().children():
        if child.pid != main and not lives(child):
            try:
                pid, status = os.waitpid(child.pid, os.WNOHANG)
            except OSError:
                continue
            if pid:
                ended[pid] = os.waitstatus_to_exitcode(status)
    return ended
