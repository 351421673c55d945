"""Files that are nested deeply: what is too deep for a parser, by its bytes, and room for the rest.

libcst's native parser recurses, and a stack that overflows there ends the process; and it takes
time that grows with the square of what one expression chains, or worse. What is refused here is far
from anything that a person writes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

MAX_NESTING = 400
"""Brackets inside brackets. libcst overflows at about 3,000; CPython itself gives up at 200."""

MAX_PATTERN_NESTING = 16
"""Brackets inside brackets behind `case`, where a brace or a parenthesis counts twice: each bracket
makes libcst take twice as long, each brace four times, and so does a tuple of one."""

MAX_PATTERN_WORK = 2**20
"""What all patterns of a file may cost together, each two to the power of its nesting: about two
seconds."""

MAX_CHAIN = 1_000
"""Operators, calls and the like that are applied to each other in one expression. 1,000 calls take
libcst a second, 3,000 take it ten, and a few more overflow its stack."""

MAX_BRANCHES = 5_000
"""Branches of one `if`, each of which is nested in the one before."""


DEEP_STACK = 256 * 2**20
DEEP_CALLS = 50_000
"""Room for calls inside calls, in bytes and in calls, of which none takes more than a few kB."""


def on_deep_stack(work: Callable[[], T]) -> T:
    """Does some work with more room for recursion than Python gives a thread on its own."""
    import threading
    from concurrent.futures import ThreadPoolExecutor

    size, calls = threading.stack_size(DEEP_STACK), sys.getrecursionlimit()
    sys.setrecursionlimit(max(calls, DEEP_CALLS))
    try:
        with ThreadPoolExecutor(1) as executor:
            return executor.submit(work).result()
    finally:
        sys.setrecursionlimit(calls)
        threading.stack_size(size)


def too_deep(data: bytes) -> tuple[str, int] | None:
    """Why a file cannot be parsed, and in which line; None if nothing is against it."""
    return _deep_patterns(data) or _deep_brackets(data) or _long_chain(data) or _many_branches(data)


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def _deep_brackets(data: bytes) -> tuple[str, int] | None:
    if data.count(b"(") + data.count(b"[") + data.count(b"{") <= MAX_NESTING:
        return None
    depth = 0
    for bracket in re.finditer(rb"[\[({})\]]|\n(?=[A-Za-z@])", data):
        found = bracket[0]
        if found in b"[({":
            depth += 1
            if depth > MAX_NESTING:
                reason = f"brackets are nested more than {MAX_NESTING} deep"
                return reason, _line(data, bracket.start())
        elif found == b"\n":
            depth = 0  # brackets in strings do not add up over top-level statements
        else:
            depth = max(0, depth - 1)
    return None


_CASE = re.compile(rb"^[ \t]*case\b(?![ \t]*[=.,])", re.MULTILINE)
_PATTERN = re.compile(rb"[\[({})\]:\n]|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|#[^\n]*")


def _deep_patterns(data: bytes) -> tuple[str, int] | None:
    work = 0
    for case in _CASE.finditer(data):
        nesting = _pattern_nesting(data, case.end())
        work += 2**nesting
        if nesting > MAX_PATTERN_NESTING or work > MAX_PATTERN_WORK:
            reason = "the patterns of a match statement are nested too deeply"
            return reason, _line(data, case.end())
    return None


def _pattern_nesting(data: bytes, start: int) -> int:
    """How deep the brackets are nested in what may be a pattern, or one more than they may be."""
    nesting = deepest = 0
    open_: list[int] = []
    for bracket in _PATTERN.finditer(data, start):
        found = bracket[0][:1]
        if found in b"[({":
            called = bracket.start() > start and data[bracket.start() - 1 : bracket.start()]
            is_call = found == b"(" and called and (called.isalnum() or called == b"_")
            open_.append(1 if found == b"[" or is_call else 2)
            nesting += open_[-1]
            deepest = max(deepest, nesting)
            if nesting > MAX_PATTERN_NESTING:
                break
        elif not open_:
            break
        elif found in b"])}":
            nesting -= open_.pop()
    return deepest


_STATEMENT = re.compile(
    rb"\n[ \t]*(?=(?:def|class|return|import|with|try|while|raise|assert|del|pass|break|continue"
    rb"|global|elif|except|finally)\b)"
)
"""Where a statement begins for certain, as long as it is not in a string."""

_WORDS = rb"\b(?:and|or|not|if|else|in|is|await|yield)\b"
_CLAUSE = rb"\b(?:lambda|for)\b"
_LINK = re.compile(
    rb"[-+~.@(\[{\"']|[*/%&|^<>=!]+|" + _WORDS + rb"|" + _CLAUSE,
)
_STRING = (
    rb"""[A-Za-z]{0,2}(?:\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}"""
    rb"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
)
_PIECE = re.compile(
    rb"(?P<link>" + _STRING + rb"|[-+~.@]|[*/%&|^<>=!]+|" + _WORDS + rb")"
    rb"|(?P<skip>#[^\n]*|\\\r?\n)|(?P<open>[\[({])|(?P<close>[\])}])|(?P<end>[\n;])|(?P<comma>,)"
    rb"|(?P<clause>" + _CLAUSE + rb")",
    re.DOTALL,
)


def _long_chain(data: bytes) -> tuple[str, int] | None:
    if not any(
        len(part) > MAX_CHAIN and len(_LINK.findall(part)) > MAX_CHAIN
        for part in _STATEMENT.split(data)
    ):
        return None
    # links since the last comma, which ends all but a lambda and the clauses of a comprehension
    open_: list[list[int]] = [[0, 0]]
    for piece in _PIECE.finditer(data):
        kind, inner = piece.lastgroup, open_[-1]
        if kind in ("link", "open"):
            inner[0] += 1
        elif kind == "clause":
            inner[1] += 1
        elif kind == "comma":
            inner[0] = 0
        elif kind == "close" and len(open_) > 1:
            open_.pop()
        elif kind == "end" and len(open_) == 1:
            open_ = [[0, 0]]
        if sum(inner) > MAX_CHAIN:
            reason = f"an expression has more than {MAX_CHAIN:,} parts"
            return reason, _line(data, piece.start())
        if kind == "open":
            open_.append([0, 0])
    return None


_LINE_START = re.compile(rb"^([ \t]*)(?:(elif\b)|[^\s#])", re.MULTILINE)


def _many_branches(data: bytes) -> tuple[str, int] | None:
    if data.count(b"elif") <= MAX_BRANCHES:
        return None
    branches: dict[bytes, int] = {}  # so far, of the statement that is open, by indentation
    for line in _LINE_START.finditer(data):
        indentation = line[1]
        branches[indentation] = branches.get(indentation, 0) + 1 if line[2] else 0
        if branches[indentation] > MAX_BRANCHES:
            reason = f"an `if` has more than {MAX_BRANCHES:,} branches"
            return reason, _line(data, line.start())
    return None
