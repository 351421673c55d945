"""The paths that a command line names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from mplint.registry import closest


def is_there(path: str) -> bool:
    """Whether there is something at a path, as far as one may look: a link to nowhere is something,
    and what one may not look at may be. Reading it says what is wrong with it."""
    try:
        os.lstat(path)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def missing(paths: Iterable[str]) -> Iterator[str]:
    """For each path at which there is nothing: a message that names it and the nearest."""
    for path in paths:
        if not is_there(path):
            near = _nearest(path)
            hint = f"; did you mean {near!r}?" if near is not None else ""
            yield f"{path}: there is no such file or folder{hint}"


def _nearest(path: str) -> str | None:
    """What is most like the first part of a path that is not there."""
    head, tail = os.path.split(path.rstrip(os.sep))
    while head and not os.path.isdir(head):
        head, tail = os.path.split(head.rstrip(os.sep))
    try:
        near = closest(tail, os.listdir(head or os.curdir))
    except OSError:
        return None
    return os.path.join(head, near) if near is not None else None
