"""Comments that say: not here. `# noqa`, `# noqa: MPL111`, `# mplint: ignore[MPL111] reason`, and
`# flake8: noqa` for a whole file."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from mplint.source import Source, Unreadable

_ANY = re.compile(rb"#[^\n]*(?:noqa|mplint:)", re.IGNORECASE)
_NOQA = re.compile(
    r"#\s*noqa(?::[\s]?(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*))?", re.IGNORECASE
)
_FILE = re.compile(rb"^[ \t]*#[ \t]*flake8[:=][ \t]*noqa[ \t]*$", re.IGNORECASE | re.MULTILINE)
_IGNORE = re.compile(r"#\s*mplint:\s*ignore(?:\[(?P<codes>[^\]]*)\])?", re.IGNORECASE)


@dataclass(slots=True)
class Suppression:
    """One comment. No codes means all; `first` to `last` are the lines that it covers."""

    line: int
    column: int
    end_column: int
    codes: frozenset[str]
    is_noqa: bool
    first: int
    last: int
    used: set[str] = field(default_factory=set)

    def covers(self, line: int, code: str, name: str) -> bool:
        if not self.first <= line <= self.last:
            return False
        if not self.codes:
            return True
        if self.is_noqa:  # flake8 takes prefixes
            return any(code.startswith(prefix) for prefix in self.codes)
        return code in self.codes or name.upper() in self.codes


class Suppressions:
    """The comments of one file. `noqa=False` leaves `# noqa` to flake8."""

    def __init__(self, source: Source, *, noqa: bool = True) -> None:
        self.source = source
        self.noqa = noqa

    @cached_property
    def all(self) -> list[Suppression]:
        if not _ANY.search(self.source.data):
            return []
        try:
            return list(self._read())
        except Unreadable:
            return []

    @cached_property
    def whole_file(self) -> bool:
        return _FILE.search(self.source.data) is not None

    def _read(self) -> Iterator[Suppression]:
        ranges = _logical_lines(self.source.text)
        for line, column, comment in _comments(self.source):
            first, last = ranges.get(line, (line, line))
            for pattern, is_noqa in ((_NOQA, True), (_IGNORE, False)):
                match = pattern.search(comment)
                if match is None or (is_noqa and not self.noqa):
                    continue
                codes = frozenset(
                    code.upper() for code in re.split(r"[,\s]+", match["codes"] or "") if code
                )
                start = column + match.start()
                yield Suppression(
                    line, start + 1, start + len(match[0]) + 1, codes, is_noqa, first, last
                )

    def hides(self, line: int, code: str, name: str) -> bool:
        """Whether a finding on a line is switched off; notes that the comment was needed."""
        hidden = self.noqa and self.whole_file
        for suppression in self.all:
            if suppression.covers(line, code, name):
                suppression.used.add(code)
                hidden = True
        return hidden

    def unused(self, enabled: Iterable[str]) -> Iterator[Suppression]:
        """The comments that name rules which are on and found nothing here. A bare `# noqa` may be
        there for another tool."""
        on = tuple(enabled)
        for suppression in self.all:
            if suppression.used:
                continue
            if suppression.is_noqa:
                mine = [code for code in suppression.codes if code.startswith("MPL")]
                if not mine or not all(any(c.startswith(m) for c in on) for m in mine):
                    continue
            yield suppression


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):  # syntax of another Python version
        return


def _comments(source: Source) -> Iterator[tuple[int, int, str]]:
    """(line, column, text) of each comment that may be meant for us."""
    for token in _tokens(source.text):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.start[1], token.string


def _logical_lines(text: str) -> dict[int, tuple[int, int]]:
    """For each line, the first and last line of the statement that it is part of: flake8 takes a
    comment on any of them for all."""
    ranges: dict[int, tuple[int, int]] = {}
    first: int | None = None
    last = 0
    for token in _tokens(text):
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            continue
        if first is None:
            first = token.start[0]
        last = max(last, token.end[0])
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
            for line in range(first, last + 1):
                ranges.setdefault(line, (first, last))
            first = None
    return ranges
