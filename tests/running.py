"""What the tests of the ways in have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from conftest import Ran

import mplint

Mplint = Callable[..., Ran]
Write = Callable[..., Path]
Copied = Callable[[str], Path]

ONE = "--select=MPL114"
CONCISE = "--output-format=concise"


def firsts(ran: Ran) -> list[str]:
    """The places and codes of concise output."""
    return [" ".join(line.split(" ")[:2]) for line in ran.lines]


def mplint_version() -> str:
    return mplint.__version__
