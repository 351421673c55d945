"""What mplint says, as plain values: places, and findings at places."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["bug", "portability", "advice", "error"]
"""`bug` and `portability` are on by default, `advice` is off; an `error` (a file that could not be
read or analysed) is always on."""

START_METHODS = ("fork", "spawn", "forkserver")

FORKSERVER_SINCE = "3.14"
"""The version of Python with which forkserver became the default on Linux, up to then fork."""


def default_start_methods(pythons: Iterable[str]) -> tuple[str, ...]:
    """The start methods that are the default somewhere with some minor versions of Python: spawn on
    macOS and Windows, on Linux fork up to 3.13 and forkserver from 3.14 on."""
    minors = [int(version.partition(".")[2]) for version in pythons]
    new, old = any(minor >= 14 for minor in minors), any(minor < 14 for minor in minors)
    in_use = {"spawn": True, "fork": old, "forkserver": new}
    return tuple(method for method in START_METHODS if in_use[method])


def is_since_forkserver(methods: Iterable[str]) -> bool:
    """Whether what goes wrong under some start methods works with fork, the default on Linux up to
    Python 3.13, and breaks with forkserver, the default from 3.14 on."""
    among = set(methods)
    return "forkserver" in among and "fork" not in among


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of a file; lines and columns count from 1, the end is exclusive."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, order=True)
class Related:
    """Another end of a finding: where the queue is made, what can raise."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One finding. `start_methods` and `python` say under which it bites here: the rule's, as far
    as the project's own settings allow them."""

    place: Place
    code: str
    name: str
    kind: Kind
    message: str
    help: str = ""
    start_methods: tuple[str, ...] = ()
    python: str = ""
    related: tuple[Related, ...] = ()
    seen: str = ""  # what `mplint check --prove` saw on this machine

    @property
    def path(self) -> str:
        return self.place.path


def methods_in_words(methods: tuple[str, ...]) -> str:
    """`fork, spawn and forkserver`."""
    if len(methods) < 2:
        return "".join(methods)
    return f"{', '.join(methods[:-1])} and {methods[-1]}"
