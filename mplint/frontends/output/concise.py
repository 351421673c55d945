"""One line for each finding, as editors and grep like it."""

from __future__ import annotations

from typing import TextIO

from mplint.frontends.output.results import Results
from mplint.frontends.terminal import plain


def write(results: Results, output: TextIO, *, colour: bool) -> None:
    """`path:line:column: CODE message`."""
    for item in results.diagnostics:
        seen = f" ({item.seen})" if item.seen else ""
        place = f"{plain(item.path)}:{item.place.line}:{item.place.column}"
        output.write(f"{place}: {item.code} {item.message}{seen}\n")
