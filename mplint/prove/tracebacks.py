"""Finds the exceptions whose tracebacks stand in what a program printed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mplint.prove.observation import Error

MOST = 50
"""So many different errors are kept."""

_BEGIN = "Traceback (most recent call last):"
_CHILD = re.compile(r"Process (?P<name>\S.*):$")
_THREAD = re.compile(r"Exception in thread (?P<name>.+):$")
_RAISED = re.compile(r"(?P<type>(?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*|[A-Z]\w*)(?:: (?P<text>.*))?$")
_FRAME = re.compile(r'  File "(?P<file>.*)", line \d+, in (?P<function>\S+)$')
_CHAINED = (
    "The above exception was the direct cause",
    "During handling of the above exception",
)


def find(stderr: str, main_failed: bool) -> tuple[Error, ...]:
    """The different errors in a text, in order. Children say their names before a traceback;
    `main_failed` says whether the main process ended with status 1, so that a traceback without a
    name, the last one, is its own."""
    errors = list(_errors(stderr.splitlines()))
    nameless = [index for index, error in enumerate(errors) if not error.process and error.ends]
    if main_failed and nameless:
        last = errors[nameless[-1]]
        errors[nameless[-1]] = Error("main", last.type, last.text, True)
    named = (
        Error(error.process or "a process", error.type, error.text, error.ends) for error in errors
    )
    return tuple(dict.fromkeys(named))[:MOST]


def _errors(lines: list[str]) -> Iterator[Error]:
    names: list[str] = []  # children that have said that they fail, and not yet with what
    opened = 0  # tracebacks of several processes may have got mixed, line by line
    ends = True
    for index, line in enumerate(lines):
        if match := _CHILD.match(line):
            names.append(match["name"])
        elif match := _THREAD.match(line):
            names.append(f"thread {match['name']}")
        elif line.startswith("Exception ignored"):
            ends = False
        elif line == _BEGIN:
            opened += 1
        elif opened and (match := _FRAME.match(line)):
            # the feeder thread of a queue prints what it cannot pickle, and goes on
            if match["function"] == "_feed" and "multiprocessing" in match["file"]:
                ends = False
        elif opened and (match := _RAISED.match(line)):
            opened -= 1
            rest = lines[index + 1 : index + 20]
            if not _goes_on(rest):
                text = "\n".join([match["text"] or "", *_indented(rest)]).strip()
                name = names.pop(0) if names and ends else ""
                yield Error(name, match["type"], text, ends)
                ends = True


def _goes_on(rest: list[str]) -> bool:
    """Whether another exception followed from this one: then that one counts."""
    following = [line for line in rest if line.strip().strip('"')]
    return bool(following) and following[0].startswith(_CHAINED)


def _indented(rest: list[str]) -> Iterator[str]:
    """The further lines of an exception's text, as far as their shape tells."""
    for line in rest:
        if line and not line.startswith(" "):
            return
        yield line.strip()
