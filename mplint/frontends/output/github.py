"""Workflow commands, which GitHub Actions turns into annotations on the changed lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from mplint.diagnostics import Diagnostic, Kind
from mplint.frontends.output.results import Results, under

_COMMANDS: dict[Kind, str] = {
    "error": "error",
    "bug": "error",
    "portability": "warning",
    "advice": "notice",
}


def write(results: Results, output: TextIO, *, colour: bool) -> None:
    """`::error file=…,line=…::message`, one line for each finding."""
    for item in results.diagnostics:
        properties = ",".join(f"{key}={_escape(value)}" for key, value in _properties(item))
        message = _escape_data("\n".join(_message(item)))
        output.write(f"::{_COMMANDS[item.kind]} {properties}::{message}\n")


def _properties(item: Diagnostic) -> Iterator[tuple[str, str]]:
    place = item.place
    yield "title", f"mplint {item.code} ({item.name})"
    yield "file", place.path
    yield "line", str(place.line)
    yield "endLine", str(place.end_line)
    if place.line == place.end_line:  # GitHub refuses columns of two lines
        yield "col", str(place.column)
        yield "endColumn", str(place.end_column)


def _message(item: Diagnostic) -> Iterator[str]:
    yield f"{item.code} {item.message}"
    for related in item.related:
        yield f"{related.place.path}:{related.place.line}: {related.message}"
    yield from filter(None, (item.help, under(item), item.seen))


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
