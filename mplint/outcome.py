"""What a program does when it is run, as far as a proof speaks of it.

A rule states one of these for its `bad.py`; `mplint prove` observes real processes and compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Hangs:
    """Every process of the program waits and none will act; some process waits in a function
    called `call`."""

    call: str


@dataclass(frozen=True, slots=True)
class Raises:
    """A process ends with an uncaught exception: its class's name, and a part of its text."""

    error: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Differs:
    """The program ends and prints what it expected and what it got, as lines `expected: …` and
    `got: …`, and they are not the same: results are lost, wrong or in the wrong process."""


@dataclass(frozen=True, slots=True)
class Leaks:
    """The program ends and leaves a process, semaphore, shared memory block or file behind."""

    what: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several outcomes: which one depends on the Python version or on a race."""

    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing goes wrong."""


Outcome: TypeAlias = Hangs | Raises | Differs | Leaks | AnyOf | Quiet
