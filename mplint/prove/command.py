"""What the command line calls: `mplint prove`, and the proofs of `mplint check --prove`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from mplint import registry
from mplint.prove import ProveError, interpreters, report, runner
from mplint.rule import Rule


def run(
    codes: Sequence[str],
    pythons: Sequence[str],
    start_methods: Sequence[str],
    jobs: int | None,
    output_format: str,
    output: TextIO,
) -> int:
    """Proves the rules that the selectors `codes` mean (none: all); reports as `text` or `json`.

    Returns 0 when all claims hold, and 1 when one does not. Raises RegistryError for selectors, and
    ProveError for interpreters and start methods that there are not.
    """
    if jobs is not None and jobs < 1:
        raise ProveError(f"--jobs {jobs}: at least one is needed")
    known = registry.load()
    asked = [interpreters.ask(python) for python in pythons] or [interpreters.ask()]
    with _ended_by_sigterm(), _progress("proving") as progress:
        results = runner.prove(
            _rules(known, codes),
            known.folders,
            interpreters=asked,
            start_methods=start_methods,
            jobs=jobs,
            progress=progress,
        )
    show = {"text": report.as_text, "json": report.as_json}[output_format]
    show(results, output)
    return 0 if all(result.holds for result in results) else 1


def seen(
    codes: Sequence[str], jobs: int | None, start_methods: Sequence[str] = ()
) -> dict[str, str]:
    """What the bad programs of rules do on the running interpreter, under the start methods given
    (none: all that it has): a sentence for each code. Raises ProveError and RegistryError as `run`
    does."""
    known = registry.load()
    rules = _rules(known, codes) if codes else []
    with _ended_by_sigterm(), _progress("proving what was found") as progress:
        results = runner.prove(
            rules,
            known.folders,
            interpreters=[interpreters.ask()],
            start_methods=start_methods,
            programs=("bad",),
            jobs=jobs,
            progress=progress,
        )
    return {
        rule.code: report.as_sentence([r for r in results if r.task.rule.code == rule.code])
        for rule in rules
    }


def _rules(known: registry.Registry, selectors: Sequence[str]) -> list[Rule]:
    if not selectors:
        return list(known.rules.values())
    chosen = {rule.code: rule for selector in selectors for rule in known.find(selector)}
    if not chosen:
        raise ProveError(f"{', '.join(selectors)}: no rule that has a proof")
    return [chosen[code] for code in sorted(chosen)]


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Has SIGTERM end the runs and clean up as Ctrl-C does, before it ends this process."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # only the main thread can do so; the observers clean up in any case
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(text: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on the terminal, if there is one."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(text), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        job = bar.add_task(text, total=None)
        yield lambda done, total: bar.update(job, completed=done, total=total)
