"""The paths that a command line names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from mplint.registry import closest


def missing(paths: Iterable[str]) -> Iterator[str]:
    """For each path at which there is nothing: a message that names it and the nearest. A link to
    nowhere is something, if nothing that can be read."""
    for path in paths:
        if not os.path.lexists(path):
            near = _nearest(path)
            hint = f"; did you mean {near!r}?" if near is not None else ""
            yield f"{path}: there is no such file or folder{hint}"


def _nearest(path: str) -> str | None:
    """What is most like the first part of a path that is not there."""
    head, tail = os.path.split(path.rstrip(os.sep))
    if head and not os.path.isdir(head):
        return _nearest(head)
    try:
        near = closest(tail, os.listdir(head or os.curdir))
    except OSError:
        return None
    return os.path.join(head, near) if near is not None else None
