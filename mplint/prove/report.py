"""Shows the results of proofs, as a table for people or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any, TextIO

from mplint.diagnostics import methods_in_words
from mplint.prove.judge import in_words
from mplint.prove.runner import Result


def as_text(results: Sequence[Result], output: TextIO) -> None:
    """A table with a line per rule, interpreter and program: start methods under which the same was
    seen share one. What does not hold says what was claimed."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for heading in ("Rule", "Python", "Program", "Start method", "Seen", ""):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("Rule", "Program"))
    shown: tuple[str, ...] = ("", "", "")
    for row, group in groupby(sorted(results, key=_by_program), key=_row):
        _, _, _, seen, claim, holds = row
        methods = [result.task.start_method for result in group]
        place = (row[0], row[1], row[2])
        # what stands in the line above is not said again
        same = [place[: index + 1] == shown[: index + 1] for index in range(3)]
        shown = place
        told = seen if holds else f"{seen}; the rule says: {claim}"
        table.add_row(
            *("" if repeated else text for repeated, text in zip(same, place, strict=True)),
            ", ".join(methods),
            Text(told),
            Text("holds", "green") if holds else Text("FAILS", "bold red"),
        )
    console = Console(file=output, width=None if output.isatty() else 200, highlight=False)
    console.print(table)
    good = sum(result.holds for result in results)
    console.print(f"{good} of {len(results)} claims hold.")


def _by_program(result: Result) -> tuple[str, str, str]:
    task = result.task
    return task.rule.code, task.interpreter.path, task.program


def _row(result: Result) -> tuple[str, str, str, str, str, bool]:
    task = result.task
    return (
        task.rule.code,
        task.interpreter.name,
        f"{task.program}.py" if task.path.name != "main.py" else f"{task.program}/main.py",
        result.seen,
        in_words(task.claim),
        result.holds,
    )


def as_json(results: Sequence[Result], output: TextIO) -> None:
    """An array with an object per run, its observation with all stacks included."""
    json.dump([_object(result) for result in results], output, indent=2)
    output.write("\n")


def _object(result: Result) -> dict[str, Any]:
    task = result.task
    return {
        "code": task.rule.code,
        "name": task.rule.name,
        "program": task.program,
        "path": str(task.path),
        "python": task.interpreter.path,
        "implementation": task.interpreter.implementation,
        "version": task.interpreter.version,
        "start_method": task.start_method,
        "claim": in_words(task.claim),
        "seen": result.seen,
        "holds": result.holds,
        "observation": result.observation.to_json(),
    }


def as_sentence(results: Sequence[Result]) -> str:
    """What one rule's bad program did on this machine, as in `hangs here under fork and spawn,
    CPython 3.11.7`; honest about where it did not do what the rule claims."""
    by_deed: dict[str, list[str]] = {}
    for result in results:
        claim = in_words(result.task.claim)
        if claim == "nothing":
            continue
        deed = f"{claim} here" if result.holds else f"was not seen here ({result.seen})"
        by_deed.setdefault(deed, []).append(result.task.start_method)
    version = results[0].task.interpreter.name
    if not by_deed:
        return f"does no harm here, {version}"
    told = [f"{deed} under {methods_in_words(tuple(methods))}" for deed, methods in by_deed.items()]
    return f"{', '.join(told)}, {version}"
