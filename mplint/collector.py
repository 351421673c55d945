"""Python's garbage collector, and when it may run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MUCH = 1_000_000
"""So many new objects are worth a search for those that nobody needs any more."""


def sweep_is_due() -> bool:
    """Whether much was made since the last search."""
    return gc.get_count()[0] > MUCH


def sweep() -> None:
    """Frees what nobody needs any more."""
    gc.collect()


@contextmanager
def paused() -> Iterator[None]:
    """Keeps the collector from running. Next to nothing that is made while a program is analysed
    becomes garbage before the end, and looking for it all the time costs as much as the work. What
    earlier programs have left behind goes first, if it is much."""
    enabled = gc.isenabled()
    gc.disable()
    if sweep_is_due():
        sweep()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
