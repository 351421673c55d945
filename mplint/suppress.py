"""Comments that say: not here. `# noqa`, `# noqa: MPL111`, `# mplint: ignore[MPL111] reason`, and
`# flake8: noqa` for a whole file.

`# noqa` means what it means to flake8, so that a file has the same findings in both: the first one
in a line counts, or in the lines that a string or a backslash joins. `# mplint: ignore` covers the
whole statement that it stands in.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from mplint.diagnostics import Diagnostic, Place
from mplint.registry import UNUSED, Registry, own
from mplint.source import Source, Unreadable

_ANY = re.compile(rb"noqa|mplint:", re.IGNORECASE)  # what looks for the `#`, too, is quadratic

_OURS = re.compile(rb"mplint:", re.IGNORECASE)

# these two are flake8's
_NOQA = re.compile(r"# noqa(?::[\s]?(?P<codes>([A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE)
_WHOLE_FILE = re.compile(r"\s*# flake8[:=]\s*noqa", re.IGNORECASE)

# neither `ignored` nor a bracket that is never closed
_IGNORE = re.compile(
    r"#\s*mplint:\s*ignore(?:\[(?P<codes>[^\]]*)\]|(?!\s*[\[(]|[\w-]))", re.IGNORECASE
)


@dataclass(slots=True)
class Suppression:
    """One comment. `codes` is what it names, None for all; `first` to `last` are the lines that it
    covers; `used` is what of `codes` hid something, `*` for all. To flake8, one inside a string
    counts; it is just no comment."""

    line: int
    column: int
    end_column: int
    codes: tuple[str, ...] | None
    is_noqa: bool
    is_comment: bool
    first: int
    last: int
    used: set[str] = field(default_factory=set)

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether it hides a diagnostic of its file; notes that it was needed."""
        if not self.first <= diagnostic.place.line <= self.last:
            return False
        if self.codes is None:
            if not self.is_noqa and diagnostic.code == UNUSED:
                return False  # it would hide that it is unused
            self.used.add("*")
            return True
        found = {code for code in self.codes if self._means(code, diagnostic)}
        self.used |= found
        return bool(found)

    def _means(self, code: str, diagnostic: Diagnostic) -> bool:
        if self.is_noqa:
            return diagnostic.code.startswith(code)
        return code.upper() == diagnostic.code or code.lower() == diagnostic.name

    def unused(self, enabled: frozenset[str], registry: Registry) -> list[str]:
        """What it names in vain, as far as the enabled rules can tell."""
        if self.codes is None:
            # a bare noqa may be there for another tool
            return [] if self.is_noqa or self.used else ["mplint: ignore"]
        if not self.codes:
            return ["mplint: ignore[]"]
        return [
            code
            for code in self.codes
            if code not in self.used and self._is_ours(code, enabled, registry)
        ]

    def _is_ours(self, code: str, enabled: frozenset[str], registry: Registry) -> bool:
        """Whether a code is none of another tool's, and none of a rule that is off."""
        known = registry.select("ALL").codes
        if not self.is_noqa:
            meant = {c for c in known if c == code.upper() or registry.name(c) == code.lower()}
            return meant <= enabled
        return _is_like_ours(code, registry) and _meant(code, registry) <= enabled


def _meant(code: str, registry: Registry) -> set[str]:
    """The rules that a code in a `# noqa` stands for."""
    return {known for known in registry.select("ALL").codes if known.startswith(code)}


def _is_like_ours(code: str, registry: Registry) -> bool:
    """Whether a code in a `# noqa` stands for rules, or looks as if it were one of theirs."""
    letters = {known.rstrip("0123456789") for known in registry.select("ALL").codes}
    return code.rstrip("0123456789") in letters or bool(_meant(code, registry))


class Suppressions:
    """The comments of one file. With `noqa=False`, somebody else looks after `# noqa`: it hides
    nothing here, but whether it was needed is noted all the same."""

    def __init__(self, source: Source, *, noqa: bool = True) -> None:
        self.source = source
        self.noqa = noqa

    def apply(
        self, diagnostics: Iterable[Diagnostic], enabled: frozenset[str], registry: Registry
    ) -> list[Diagnostic]:
        """The diagnostics of the file that no comment hides; and one for each comment that hides
        nothing, when that rule is among the enabled. Errors are never hidden."""
        shown = [diagnostic for diagnostic in diagnostics if not self._hides(diagnostic)]
        if UNUSED in enabled:
            unused = list(self._unused(enabled, registry))  # before these are asked for themselves
            shown += [diagnostic for diagnostic in unused if not self._hides(diagnostic)]
        return shown

    def _hides(self, diagnostic: Diagnostic) -> bool:
        if diagnostic.kind == "error":
            return False
        # no short cut: each comment that covers it is needed
        near = self._by_line.get(diagnostic.place.line, ())
        covering = [comment for group in near for comment in group if comment.covers(diagnostic)]
        if self.noqa:
            return bool(covering) or self._hides_all
        return any(not comment.is_noqa for comment in covering)

    def _unused(self, enabled: frozenset[str], registry: Registry) -> Iterator[Diagnostic]:
        for comment in self._comments if self._may_name_rules(registry) else ():
            codes = comment.unused(enabled, registry)
            if codes and comment.is_comment:
                place = Place(
                    self.source.path, comment.line, comment.column, comment.line, comment.end_column
                )
                what = ", ".join(f"`{code}`" for code in codes)
                yield own(UNUSED, place, f"{what} suppresses nothing here")

    def _may_name_rules(self, registry: Registry) -> bool:
        """Whether a comment may name a rule. Most files have none that does: they need not be taken
        apart into tokens."""
        if _OURS.search(self.source.data):
            return True
        if not _ANY.search(self.source.data):
            return False
        try:
            text = "\n".join(self.source.lines)
        except Unreadable:
            return False
        found = {match["codes"] for match in _NOQA.finditer(text)} - {None}
        named = {code for codes in found for code in _split(codes)}
        return any(_is_like_ours(code, registry) for code in named)

    @cached_property
    def _hides_all(self) -> bool:
        return b"flake8" in self.source.data.lower() and any(
            _WHOLE_FILE.match(line) for line in self.source.lines
        )

    @cached_property
    def _by_line(self) -> dict[int, list[list[Suppression]]]:
        """The comments that cover each line, in groups that cover the same lines."""
        groups: dict[tuple[int, int], list[Suppression]] = defaultdict(list)
        for comment in self._comments:
            groups[comment.first, comment.last].append(comment)
        found: dict[int, list[list[Suppression]]] = defaultdict(list)
        for (first, last), group in groups.items():
            for line in range(first, last + 1):
                found[line].append(group)
        return found

    @cached_property
    def _comments(self) -> list[Suppression]:
        if not _ANY.search(self.source.data):
            return []
        try:
            lines = self.source.lines
        except Unreadable:
            return []
        tokens = list(_tokens("\n".join(lines)))
        return [*_noqa_comments(lines, tokens), *_ignore_comments(tokens)]


def _noqa_comments(lines: list[str], tokens: list[tokenize.TokenInfo]) -> Iterator[Suppression]:
    comments = {
        token.start[0]: token.start[1] for token in tokens if token.type == tokenize.COMMENT
    }
    for first, last in _joined_lines(tokens):
        text = "\n".join(lines[first - 1 : last])
        match = _NOQA.search(text)
        if match is not None:
            line = first + text.count("\n", 0, match.start())
            column = match.start() - text.rfind("\n", 0, match.start())
            end = column + len(match[0].rstrip(", \t\n"))
            codes = None if match["codes"] is None else _split(match["codes"])
            is_comment = comments.get(line, column) < column
            yield Suppression(line, column, end, codes, True, is_comment, first, last)


def _ignore_comments(tokens: list[tokenize.TokenInfo]) -> Iterator[Suppression]:
    statements = _statements(tokens)
    for token in tokens:
        match = _IGNORE.search(token.string) if token.type == tokenize.COMMENT else None
        if match is not None:
            line, column = token.start[0], token.start[1] + match.start() + 1
            first, last = statements.get(line, (line, line))
            codes = None if match["codes"] is None else _split(match["codes"])
            end = column + len(match[0])
            yield Suppression(line, column, end, codes, False, True, first, last)


def _split(codes: str) -> tuple[str, ...]:
    return tuple(code for code in re.split(r"[,\s]+", codes) if code)


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):  # syntax of another Python version
        return


def _joined_lines(tokens: list[tokenize.TokenInfo]) -> Iterator[tuple[int, int]]:
    """The first and last of the lines that flake8 takes as one: those up to the next end of a line
    that is a token, so not one in a string or after a backslash."""
    first: int | None = None
    last = 0
    for token in tokens:
        if token.type in (tokenize.ENDMARKER, tokenize.DEDENT):
            continue
        first = token.start[0] if first is None else min(first, token.start[0])
        last = max(last, token.end[0])
        if token.type in (tokenize.NL, tokenize.NEWLINE):
            yield first, last
            first, last = None, 0


def _statements(tokens: list[tokenize.TokenInfo]) -> dict[int, tuple[int, int]]:
    """For each line, the first and last line of the statement that it is part of."""
    ranges: dict[int, tuple[int, int]] = {}
    first: int | None = None
    last = 0
    for token in tokens:
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
