"""What the operating system says about the threads of a process: did it run, what does it wait for.

Linux tells per thread, and whether a wait has a timeout. Elsewhere the whole process counts as one
thread, and nothing is known about its wait.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import psutil

Wait: TypeAlias = Literal["endless", "timed", "running", "unknown"]


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread at one moment. `turns` grows whenever it runs: equal numbers at two moments mean
    that it did not run in between."""

    turns: float
    wait: Wait


def threads(process: psutil.Process) -> dict[int, Thread]:
    """The threads of a process by their number: the pid for the main thread, 0 for a process that
    counts as one. Empty when the process is gone."""
    if sys.platform == "linux":
        return _linux(process.pid)
    try:
        with process.oneshot():
            times = process.cpu_times()
            switches = process.num_ctx_switches()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return {}
    except psutil.AccessDenied:
        return {0: Thread(0, "running")}
    turns = switches.voluntary + switches.involuntary + 1000 * (times.user + times.system)
    return {0: Thread(turns, "unknown")}


def runs(process: psutil.Process) -> bool:
    """Whether a process has something to do at this moment, and be it to wait for a processor."""
    return any(thread.wait == "running" for thread in threads(process).values())


def _linux(pid: int) -> dict[int, Thread]:
    found: dict[int, Thread] = {}
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            status = (task / "status").read_text("latin-1")
            turns = sum(
                int(line.rpartition("\t")[2])
                for line in status.splitlines()
                if "ctxt_switches:" in line
            )
            state = status.partition("\nState:\t")[2][:1]
            found[int(task.name)] = Thread(turns, _wait(state, task))
    except (FileNotFoundError, ProcessLookupError):
        return {}  # the process has ended, or a thread of it: the next look will tell
    return found


def _wait(state: str, task: Path) -> Wait:
    if state != "S":
        return "running"
    try:
        number, *arguments = (task / "syscall").read_text().split()
    except (PermissionError, ValueError):
        return "unknown"
    if number == "running":
        return "running"
    return _timeout(_CALLS.get(int(number), "unknown"), arguments)


def _timeout(rule: str, arguments: list[str]) -> Wait:
    """Applies a rule of the table below to a system call's arguments."""
    if rule == "endless" or rule == "timed":
        return rule  # type: ignore[return-value]
    kind, _, index = rule.partition(" ")
    if kind not in ("pointer", "milliseconds"):
        return "unknown"
    value = int(arguments[int(index)], 16) & (0xFFFFFFFF if kind == "milliseconds" else -1)
    endless = value >= 0x80000000 if kind == "milliseconds" else value == 0
    return "endless" if endless else "timed"


_COLUMN = {"x86_64": 1, "aarch64": 2}.get(platform.machine())
# A blocking call's number on x86_64 and aarch64 (-1: there is none), and whether it can end by time
# alone: never, always, or as the argument at an index says (a pointer that is NULL, or a negative
# number of milliseconds, means never).
_TABLE: tuple[tuple[str, int, int, str], ...] = (
    ("read", 0, 63, "endless"),
    ("write", 1, 64, "endless"),
    ("readv", 19, 65, "endless"),
    ("writev", 20, 66, "endless"),
    ("open", 2, -1, "endless"),
    ("openat", 257, 56, "endless"),
    ("accept", 43, 202, "endless"),
    ("accept4", 288, 242, "endless"),
    ("connect", 42, 203, "endless"),
    ("sendto", 44, 206, "endless"),
    ("sendmsg", 46, 211, "endless"),
    ("recvfrom", 45, 207, "endless"),
    ("recvmsg", 47, 212, "endless"),
    ("wait4", 61, 260, "endless"),
    ("waitid", 247, 95, "endless"),
    ("pause", 34, -1, "endless"),
    ("rt_sigsuspend", 130, 133, "endless"),
    ("rt_sigtimedwait", 128, 137, "pointer 2"),
    ("fcntl", 72, 25, "endless"),
    ("flock", 73, 32, "endless"),
    ("semop", 65, 193, "endless"),
    ("semtimedop", 220, 192, "pointer 3"),
    ("futex", 202, 98, "pointer 3"),
    ("nanosleep", 35, 101, "timed"),
    ("clock_nanosleep", 230, 115, "timed"),
    ("select", 23, -1, "pointer 4"),
    ("pselect6", 270, 72, "pointer 4"),
    ("poll", 7, -1, "milliseconds 2"),
    ("ppoll", 271, 73, "pointer 2"),
    ("epoll_wait", 232, -1, "milliseconds 3"),
    ("epoll_pwait", 281, 22, "milliseconds 3"),
    ("epoll_pwait2", 441, 441, "pointer 3"),
)
_CALLS: dict[int, str] = (
    {int(row[_COLUMN]): row[3] for row in _TABLE if row[_COLUMN] != -1} if _COLUMN else {}
)
