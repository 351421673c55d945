"""One JSON array of findings."""

from __future__ import annotations

import json
from typing import Any, TextIO

from mplint.diagnostics import Diagnostic
from mplint.frontends.output.results import Results


def write(results: Results, output: TextIO, *, colour: bool) -> None:
    """An array of objects; lines and columns count from 1, the end is exclusive."""
    found = [as_object(item, proved=results.proved) for item in results.diagnostics]
    json.dump(found, output, indent=2)
    output.write("\n")


def as_object(item: Diagnostic, *, proved: bool) -> dict[str, Any]:
    """A finding as JSON has it; with `seen` when programs were run."""
    place = item.place
    found: dict[str, Any] = {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "code": item.code,
        "name": item.name,
        "kind": item.kind,
        "message": item.message,
        "help": item.help,
        "start_methods": list(item.start_methods),
        "python": item.python,
        "related": [
            {
                "path": related.place.path,
                "line": related.place.line,
                "column": related.place.column,
                "message": related.message,
            }
            for related in item.related
        ],
    }
    if proved:
        found["seen"] = item.seen
    return found
