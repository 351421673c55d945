"""What was seen of one run, as plain values that cross a process border as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

Ending: TypeAlias = Literal["ended", "hangs", "undecided", "stopped"]
"""How a run came to its end: by itself; every process seen blocked; neither ended nor seen blocked
in the time it was given; stopped from outside."""

Kind: TypeAlias = Literal["main", "child", "other", "forkserver", "resource tracker"]
"""`child` is a Python process that multiprocessing or a fork has started, `other` any further
program. The last two serve the others and wait by nature."""

HELPERS: tuple[Kind, ...] = ("forkserver", "resource tracker")


@dataclass(frozen=True, slots=True)
class Frame:
    """A call on a stack. `user` tells the program's own code from Python's library and packages."""

    file: str
    line: int
    function: str
    user: bool


@dataclass(frozen=True, slots=True)
class Stack:
    """What a thread is doing, innermost call first. A forked child's stack begins where its own
    life begins: the calls of its parent that led to the fork are left out."""

    main: bool
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class ProcessSeen:
    """A process of the run. `alive` and `stacks` say what it did when the watching ended;
    `exit_status` is None while it lives and where nobody could know it."""

    pid: int
    parent: int
    name: str
    kind: Kind
    alive: bool
    exit_status: int | None
    stacks: tuple[Stack, ...]


@dataclass(frozen=True, slots=True)
class Error:
    """An exception whose traceback was printed. `ends` is false when only a helper thread of the
    library printed it and went on."""

    process: str
    type: str
    text: str
    ends: bool


@dataclass(frozen=True, slots=True)
class Left:
    """Something that the program left behind: a process, semaphore, shared memory, file."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One run. `replaced` counts the processes that failed and were replaced while the others
    waited; `failure` says why the observer could not do its work, and is empty when it could."""

    ending: Ending
    exit_status: int | None = None
    seconds: float = 0.0
    processes: tuple[ProcessSeen, ...] = ()
    replaced: int = 0
    errors: tuple[Error, ...] = ()
    left: tuple[Left, ...] = ()
    stdout: str = ""
    stderr: str = ""
    failure: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Observation:
        """The inverse of `to_json`. Raises KeyError or TypeError for anything else."""
        plain = dict(data)
        plain["processes"] = tuple(_process(item) for item in data["processes"])
        plain["errors"] = tuple(Error(**item) for item in data["errors"])
        plain["left"] = tuple(Left(**item) for item in data["left"])
        return cls(**plain)


def _process(data: dict[str, Any]) -> ProcessSeen:
    stacks = tuple(
        Stack(stack["main"], tuple(Frame(**frame) for frame in stack["frames"]))
        for stack in data["stacks"]
    )
    return ProcessSeen(**{**data, "stacks": stacks})
