"""What a check hands to the formats."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mplint.config import PYTHONS, matching
from mplint.diagnostics import START_METHODS, Diagnostic, methods_in_words
from mplint.registry import Registry
from mplint.source import Files, Source, Unreadable


@dataclass(slots=True)
class Results:
    """The findings, sorted, and what is needed to show them. `errors` are settings and paths that
    could not be used; `proved` says that `seen` was asked for."""

    diagnostics: Sequence[Diagnostic]
    registry: Registry
    files: Files
    errors: Sequence[str] = ()
    proved: bool = False
    _lines: dict[str, Sequence[str]] = field(default_factory=dict)

    def lines(self, shown: str) -> Sequence[str]:
        """The lines of a file as a diagnostic names it; none when it cannot be read."""
        if shown not in self._lines:
            try:
                data = self.files.read(Path(os.path.abspath(shown)))
                self._lines[shown] = Source(shown, data).lines
            except Unreadable:
                self._lines[shown] = ()
        return self._lines[shown]


def under(diagnostic: Diagnostic) -> str:
    """Under which start methods and Python versions a finding bites, where that is not all."""
    methods = diagnostic.start_methods
    always = set(methods) >= set(START_METHODS) and diagnostic.kind != "portability"
    text = "" if always or not methods else f"under {methods_in_words(methods)}"
    some = diagnostic.python and matching(diagnostic.python) != PYTHONS
    return f"{text}, on Python {diagnostic.python}" if text and some else text
