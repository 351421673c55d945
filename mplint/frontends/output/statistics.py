"""How many findings of each rule."""

from __future__ import annotations

from collections import Counter
from typing import TextIO

from mplint.frontends.output.results import Results


def write(results: Results, output: TextIO, *, colour: bool) -> None:
    """One line for each code, the most frequent first: count, code, name."""
    counts = Counter((item.code, item.name) for item in results.diagnostics)
    width = len(str(max(counts.values(), default=0)))
    for (code, name), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        output.write(f"{count:>{width}}  {code}  {name}\n")
