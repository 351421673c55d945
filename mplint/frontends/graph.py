"""`mplint graph`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

FORMATS = ("text", "json", "dot", "mermaid")


def run(paths: Mapping[Path, str], output_format: str, output: TextIO) -> None:
    """Writes who talks to whom in some files, given by absolute path with how to show each, in one
    of FORMATS."""
    raise NotImplementedError
