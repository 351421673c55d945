"""How findings are written: one module for each format, imported when it is asked for.

A format's module has `write(results, output, *, colour)`, where `output` is a text stream.
"""

from __future__ import annotations

import importlib
from typing import Protocol, TextIO, cast

from mplint.frontends.output.results import Results

__all__ = ["FORMATS", "Results", "Writer", "writer"]

FORMATS = ("full", "concise", "json", "jsonl", "github", "sarif")


class Writer(Protocol):
    """Writes results to a stream; `colour` says whether it is a terminal that shows colours."""

    def __call__(self, results: Results, output: TextIO, *, colour: bool) -> None: ...


def writer(name: str) -> Writer:
    """The writer of one of FORMATS, or of `statistics`."""
    module = importlib.import_module(f"mplint.frontends.output.{name}")
    return cast(Writer, module.write)
