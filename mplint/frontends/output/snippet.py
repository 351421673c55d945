"""Draws lines of source with stretches of them marked, one under the other, as compilers do:

     4 |     queue.put(load(path))
       |               ---------- what fails here is never put
    ...
    12 |     print(queue.get())
       |           ^^^^^^^^^^^

A drawing is lines of pieces, each a text and what it is, so that it can be written plainly or with
colours.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mplint.diagnostics import Place

Style: TypeAlias = Literal["source", "gutter", "mark", "note"]
Piece: TypeAlias = tuple[str, Style]

TAB = 4
WIDTH = 120
"""Wider lines are cut around what is marked."""

CONTEXT = 1
"""Lines shown before and after what a finding is about."""

TALL = 5
"""More marked lines than this are shown by their first and last."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a file to point at, and what to say of it. Only the main one has lines around it
    and may be several lines tall; of others the first line says enough."""

    place: Place
    text: str = ""
    is_main: bool = False


_Spans: TypeAlias = dict[tuple[int, int], list[Mark]]
"""By first column and column after the last, what is marked in a line."""


def draw(lines: Sequence[str], marks: Sequence[Mark], gutter: int) -> Iterator[list[Piece]]:
    """A drawing of the marked lines of a file, with room for line numbers of `gutter` digits. None
    for a file that cannot be read."""
    spans: dict[int, _Spans] = defaultdict(lambda: defaultdict(list))
    shown: set[int] = set()
    for mark in marks:
        for number, start, end in _spans(lines, mark):
            spans[number][start, end].append(mark)
            around = CONTEXT if mark.is_main else 0
            first, last = max(1, number - around), min(len(lines), number + around)
            shown.update(range(first, last + 1))
    # a lone line left out takes as much room as it would take to show it
    shown |= {n + 1 for n in shown if n + 2 in shown}
    numbers = _trim(lines, sorted(shown), spans)
    if not numbers:
        return
    yield _empty(gutter)
    before = numbers[0] - 1
    for number in numbers:
        if number != before + 1:
            yield [("...", "gutter")]
        before = number
        yield from _draw_line(number, lines[number - 1], spans.get(number, {}), gutter)
    yield _empty(gutter)


def _draw_line(number: int, line: str, spans: _Spans, gutter: int) -> Iterator[list[Piece]]:
    """A line, and a row below it for each of its spans, the main one first."""
    cells = _Cells(line)
    offset = cells.offset(spans)
    text = cells.text(offset)
    start_of_line: Piece = (f"{number:>{gutter}} |{' ' if text else ''}", "gutter")
    yield [start_of_line, (text, "source")]
    rows = []
    for (start, end), marks in spans.items():
        is_main = any(mark.is_main for mark in marks)
        left, width = cells.stretch(start, end, offset)
        row: list[Piece] = [*_empty(gutter), (" " * (left + 1), "source")]
        row.append(("^" * width, "mark") if is_main else ("-" * width, "note"))
        said = "; ".join(mark.text for mark in marks if mark.text)
        if said:
            row.append((f" {said}", "note"))
        rows.append((not is_main, start, end, row))
    for *_, row in sorted(rows):
        yield row


def _empty(gutter: int) -> list[Piece]:
    return [(f"{'':{gutter}} |", "gutter")]


def _spans(lines: Sequence[str], mark: Mark) -> Iterator[tuple[int, int, int]]:
    """(line, first column, column after the last) of each line that a mark covers."""
    place = mark.place
    last = min(place.end_line, len(lines)) if mark.is_main else place.line
    numbers = list(range(place.line, last + 1))
    if len(numbers) > TALL:
        numbers = [*numbers[: TALL - 1], numbers[-1]]
    for number in numbers:
        if number > len(lines):
            return
        line = lines[number - 1]
        start = place.column if number == place.line else len(line) - len(line.lstrip()) + 1
        end = place.end_column if number == place.end_line else len(line.rstrip()) + 1
        if start < end or number == place.line:
            yield number, start, max(start + 1, end)


def _trim(lines: Sequence[str], numbers: list[int], spans: dict[int, _Spans]) -> list[int]:
    """Without empty lines at the ends and beside gaps, which show nothing."""
    kept = list(numbers)
    for number in numbers:
        beside_gap = number - 1 not in kept or number + 1 not in kept
        if number not in spans and beside_gap and not lines[number - 1].strip():
            kept.remove(number)
    return kept


class _Cells:
    """A line as a terminal shows it: tabs are spaces, some characters take two cells or none, and
    those that would change the terminal's state are drawn as pictures."""

    def __init__(self, line: str) -> None:
        self.shown: list[str] = []
        self.starts = [0]  # by column, the cell that it begins in
        for character in line.rstrip():
            at = self.starts[-1]
            text, width = _draw_character(character, at)
            self.shown.append(text)
            self.starts.append(at + width)

    def cell(self, column: int) -> int:
        """The cell in which a column, counted from 1, begins."""
        beyond = column - len(self.starts)
        return self.starts[-1] + beyond if beyond > 0 else self.starts[max(0, column - 1)]

    def offset(self, spans: Iterable[tuple[int, int]]) -> int:
        """How many characters to leave out at the left so that what is marked can be seen."""
        first = min((start for start, _ in spans), default=1) - 1
        if self.starts[-1] <= WIDTH:
            return 0
        if self.starts[min(first, len(self.starts) - 1)] < WIDTH // 2:
            return 0
        return max(0, first - WIDTH // 4)

    def text(self, offset: int) -> str:
        """The line without its first `offset` characters, and cut where it gets too wide."""
        end = len(self.shown)
        limit = self.starts[offset] + WIDTH
        while end > offset and self.starts[end] > limit:
            end -= 1
        left = "…" if offset else ""
        right = "…" if end < len(self.shown) else ""
        return left + "".join(self.shown[offset:end]) + right

    def stretch(self, start: int, end: int, offset: int) -> tuple[int, int]:
        """Where the marks of a span begin, in cells, and how many they are."""
        base = self.starts[offset] - (1 if offset else 0)
        left = self.cell(start) - base
        right = min(self.cell(end) - base, WIDTH + 1)
        return left, max(1, right - left)


def _draw_character(character: str, at: int) -> tuple[str, int]:
    """How a character is shown in a cell, and in how many."""
    if character == "\t":
        width = TAB - at % TAB
        return " " * width, width
    if " " <= character <= "~":
        return character, 1
    category = unicodedata.category(character)
    if category == "Cc":
        code = ord(character)
        return (chr(0x2400 + code) if code < 0x20 else "\N{REPLACEMENT CHARACTER}"), 1
    if category in ("Cf", "Cs", "Zl", "Zp"):  # what turns text around, half characters, line ends
        return "\N{REPLACEMENT CHARACTER}", 1
    if category in ("Mn", "Me"):
        return character, 0
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1
