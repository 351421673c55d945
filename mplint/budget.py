"""How long mplint works on one file before it gives up on it and goes on with the others.

What counts is the time that this process works, not what passes on the clock: a busy machine
gives up on no more files than an idle one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 20
"""What a file may cost. The largest ones of the standard library cost a tenth of this."""

CALLS_PER_LOOK = 100
"""Looking at the clock at each call of `spend` would cost more than what it is called for."""


class Exhausted(Exception):
    """The time is used up; the message says how much it was."""


_end = math.inf
_calls = 0


@contextmanager
def limited(files: int = 1) -> Iterator[None]:
    """Gives the work inside the time of some files. Raises Exhausted, out of `spend`."""
    global _end
    before = _end
    _end = min(before, time.process_time() + SECONDS * files)
    try:
        yield
    finally:
        _end = before


def spend() -> None:
    """To be called again and again by whatever may take long. Raises Exhausted."""
    global _calls
    _calls += 1
    if _calls % CALLS_PER_LOOK == 0 and time.process_time() > _end:
        raise Exhausted(f"it was not done after {SECONDS} s of work")
