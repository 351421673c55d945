"""Compares what was seen of a run with what a rule claims."""

from __future__ import annotations

import linecache
import re

from mplint.outcome import AnyOf, Differs, Hangs, Leaks, Outcome, Quiet, Raises
from mplint.prove.describe import a, is_service, results
from mplint.prove.observation import HELPERS, Observation, Stack


def holds(outcome: Outcome, seen: Observation) -> bool:
    """Whether a run had this outcome. A run that was not decided had none."""
    match outcome:
        case AnyOf(outcomes):
            return any(holds(one, seen) for one in outcomes)
        case Hangs(call):
            return seen.ending == "hangs" and any(_waits_in(stack, call) for stack in waiting(seen))
        case Raises(error, text):
            return seen.ending == "ended" and any(
                found.ends
                and found.type.rpartition(".")[2] == error.rpartition(".")[2]
                and _squeezed(text) in _squeezed(found.text)
                for found in seen.errors
            )
        case Differs():
            expected, got = results(seen)
            return seen.ending == "ended" and expected != got
        case Leaks(what):
            return seen.ending == "ended" and any(
                left.kind in what or what in left.kind for left in seen.left
            )
        case Quiet():
            return is_quiet(seen)


def is_quiet(seen: Observation) -> bool:
    """Whether a run ended well: status 0, no traceback, the expected result, nothing left."""
    expected, got = results(seen)
    return (
        seen.ending == "ended"
        and seen.exit_status == 0
        and not seen.errors
        and expected == got
        and not seen.left
    )


def waiting(seen: Observation) -> list[Stack]:
    """The stacks that say who waits for whom. The library's service threads and idle workers wait
    by nature, and say nothing."""
    return [
        stack
        for process in seen.processes
        if process.kind not in HELPERS
        for stack in process.stacks
        if not is_service(stack)
    ]


def _waits_in(stack: Stack, call: str) -> bool:
    if any(frame.function == call for frame in stack.frames):
        return True
    if not stack.frames:
        return False
    # a function written in C has no frame: the line that calls it has to tell
    line = linecache.getline(stack.frames[0].file, stack.frames[0].line)
    return stack.frames[0].user and re.search(rf"\b{re.escape(call)}\s*\(", line) is not None


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def in_words(outcome: Outcome) -> str:
    """What an outcome says, as in `hangs in get`."""
    match outcome:
        case AnyOf(outcomes):
            return " or ".join(in_words(one) for one in outcomes)
        case Hangs(call):
            return f"hangs in {call}"
        case Raises(error, text):
            return f"raises {error}" + (f" ({text})" if text else "")
        case Differs():
            return "gives a wrong result"
        case Leaks(what):
            return f"leaves {a(what)} behind"
        case Quiet():
            return "nothing"
