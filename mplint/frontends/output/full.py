"""What people read: each finding with its source, the other ends of it, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from typing import TextIO, TypeAlias

from mplint.diagnostics import Diagnostic, Kind, Place, Related
from mplint.frontends.output.results import Results, under
from mplint.frontends.output.snippet import Mark, draw
from mplint.frontends.terminal import plain

_STYLES = {
    "path": "bold",
    "message": "bold",
    "gutter": "blue",
    "mark": "bold red",
    "note": "cyan",
    "label": "bold cyan",
    "error": "bold red",
    "bug": "bold red",
    "portability": "bold yellow",
    "advice": "bold blue",
}
"""How the pieces of a line look on a terminal, by what they are; others look like all text."""

_Line: TypeAlias = Sequence[tuple[str, str]]

_WIDTH = 100
"""Longer texts go on in the next line."""


def write(results: Results, output: TextIO, *, colour: bool) -> None:
    """The findings, an empty line after each."""
    lines = _lines(results)
    if colour:
        _write_coloured(lines, output)
    else:
        for line in lines:
            output.write("".join(text for text, _ in line).rstrip() + "\n")


def _write_coloured(lines: Iterable[_Line], output: TextIO) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=output, soft_wrap=True)
    for line in lines:
        pieces = [(text, _STYLES.get(what, "")) for text, what in line]
        console.print(Text.assemble(*pieces))


def _lines(results: Results) -> Iterator[_Line]:
    for item in results.diagnostics:
        yield from _finding(item, results)
        yield []


def _finding(item: Diagnostic, results: Results) -> Iterator[_Line]:
    gutter = len(str(max(place.end_line for place in _places(item))))
    kind: Kind = item.kind
    yield [(item.code, kind), (f" {item.message}", "message")]
    yield [(f"{'':{gutter}}--> ", "gutter"), (_where(item.place), "path")]
    here = [related for related in item.related if related.place.path == item.path]
    marks = [Mark(item.place, is_main=True), *_marks(here)]
    yield from draw(results.lines(item.path), marks, gutter)
    elsewhere = [related for related in item.related if related.place.path != item.path]
    for path, group in groupby(elsewhere, lambda related: related.place.path):
        others = list(group)
        yield [(f"{'':{gutter}}::: ", "gutter"), (_where(others[0].place), "path")]
        yield from draw(results.lines(path), _marks(others), gutter)
    for label, text in (("help", item.help), ("bites", under(item)), ("seen", item.seen)):
        if text:
            first, *rest = wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
            yield [(f"{'':{gutter}} = ", "gutter"), (label, "label"), (f": {first}", "text")]
            for more in rest:
                yield [(f"{'':{gutter + len(label) + 5}}{more}", "text")]


def _places(item: Diagnostic) -> Iterator[Place]:
    yield item.place
    for related in item.related:
        yield related.place


def _marks(related: Iterable[Related]) -> list[Mark]:
    return [Mark(item.place, item.message) for item in related]


def _where(place: Place) -> str:
    return f"{plain(place.path)}:{place.line}:{place.column}"
