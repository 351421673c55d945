"""`mplint check`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mplint.cache import FOLDER
from mplint.config import ConfigError, Configuration
from mplint.diagnostics import Diagnostic
from mplint.engine import Engine, Report
from mplint.frontends.options import cores, override, positive
from mplint.frontends.output import FORMATS, Results, writer
from mplint.frontends.paths import is_there, missing
from mplint.frontends.status import CLEAN, FAILED, FINDINGS
from mplint.frontends.terminal import complain, opened
from mplint.registry import INTERNAL, OWN, load

STDIN = "-"

CACHE_VARIABLE = "MPLINT_CACHE_DIR"

DESCRIPTION = """\
Finds multiprocessing misuse in files and folders.

Folders are searched for Python files, without those that a .gitignore or `exclude` names; files
that are named are checked in any case. Settings come from the table [tool.mplint] of the nearest
pyproject.toml, or from mplint.toml, above each file.

Ends with 0 when nothing is found, 1 when something is, and 2 when paths or settings cannot be used
or mplint itself fails."""

LONG_WORK = 60
"""From so many files on, a progress bar is worth its flicker."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "operands",
        metavar="PATH",
        nargs="*",
        help="a file or folder, or - for standard input [default: the current folder]",
    )
    rules = parser.add_argument_group(
        "rules",
        "RULES: codes, beginnings of codes, names, groups or ALL, with commas or repeated;\n"
        "readiness-3.14 is what works up to Python 3.13 and breaks on 3.14",
    )
    for option, text in (
        ("--select", "check these rules only"),
        ("--extend-select", "check these rules, too"),
        ("--ignore", "do not check these rules"),
    ):
        rules.add_argument(option, metavar="RULES", action="append", help=text)

    project = parser.add_argument_group("what the code is for")
    project.add_argument(
        "--start-method",
        metavar="METHODS",
        action="append",
        help="fork, spawn, forkserver [default: what the code sets, or all]",
    )
    project.add_argument(
        "--target-version",
        metavar="VERSION",
        help="the Python version that it runs on, as 3.14 or py314 [default: requires-python]",
    )

    files = parser.add_argument_group("files and settings")
    files.add_argument(
        "--exclude",
        metavar="PATTERNS",
        action="append",
        help="leave out these files and folders as well; as in a .gitignore",
    )
    files.add_argument(
        "--force-exclude",
        action="store_true",
        help="leave out excluded files even when they are named, as pre-commit does",
    )
    files.add_argument(
        "--stdin-filename", metavar="NAME", help="the file whose contents - stands for"
    )
    settings = files.add_mutually_exclusive_group()
    settings.add_argument("--config", metavar="FILE", help="take the settings from this file")
    settings.add_argument("--isolated", action="store_true", help="use no settings from files")

    output = parser.add_argument_group("output")
    output.add_argument("--output-format", choices=FORMATS, default="full", help="[default: full]")
    output.add_argument("--output-file", metavar="FILE", help="write to a file")
    output.add_argument(
        "--statistics", action="store_true", help="show how many findings each rule has instead"
    )
    output.add_argument("--exit-zero", action="store_true", help="findings end with 0, too")
    output.add_argument("-q", "--quiet", action="store_true", help="show findings and errors only")
    output.add_argument("-v", "--verbose", action="store_true", help="tell what is being done")

    run = parser.add_argument_group("running")
    run.add_argument(
        "--prove",
        action="store_true",
        help="run the example programs of the rules that found something, and say what they did",
    )
    run.add_argument(
        "--jobs", metavar="N", type=positive, default=cores(), help="[default: one per core]"
    )
    run.add_argument(
        "--no-cache", action="store_true", help="neither use nor keep what earlier runs found"
    )
    run.add_argument(
        "--cache-dir",
        metavar="FOLDER",
        default=os.environ.get(CACHE_VARIABLE) or None,
        help=f"keep it there [default: {FOLDER} in the project, or ${CACHE_VARIABLE}]",
    )


def run(options: argparse.Namespace) -> int:
    """Checks, writes what was found, and returns the exit status. Raises ConfigError and
    RegistryError."""
    started = time.monotonic()
    if options.statistics and options.output_format not in ("full", "concise"):
        raise ConfigError(f"--statistics is text; it has no format {options.output_format!r}")
    paths = options.operands or [os.curdir]
    engine = _engine(options, paths)
    errors = list(missing(path for path in paths if path != STDIN))
    with opened(options.output_file, "--output-file") as (stream, colour):
        files = _files(options, engine, paths)
        if not (files or errors or options.quiet):
            complain("there are no Python files to check")
        with _progress(len(files), quiet=options.quiet) as progress:
            report = engine.check(files, progress)
        errors += report.errors
        found: Sequence[Diagnostic] = report.diagnostics
        if options.prove:
            found = _proved(found, options)
        results = Results(found, engine.registry, engine.files, errors=errors, proved=options.prove)
        name = "statistics" if options.statistics else options.output_format
        writer(name)(results, stream, colour=colour)
        if name == "full" and report.files and not options.quiet:
            stream.write(f"{_summary(found, report)}\n")
    for error in errors:
        complain(error)
    if options.verbose:
        _tell(options, engine, report, time.monotonic() - started)
    if errors or any(item.code == INTERNAL for item in found):
        return FAILED
    return FINDINGS if found and not options.exit_zero else CLEAN


def _engine(options: argparse.Namespace, paths: Sequence[str]) -> Engine:
    registry = load()
    said = override(
        registry,
        origin="--",
        select=options.select,
        extend_select=options.extend_select,
        ignore=options.ignore,
        exclude=options.exclude,
        start_methods=options.start_method,
        target_version=options.target_version,
        cache_dir=options.cache_dir,
    )
    if options.config is not None:
        for error in missing([options.config]):
            raise ConfigError(f"--config: {error}")
    configuration = Configuration(
        said, None if options.config is None else Path(options.config), isolated=options.isolated
    )
    overlay: dict[Path, bytes] = {}
    if STDIN in paths:
        overlay[_stdin_path(options)] = sys.stdin.buffer.read()
    elif options.stdin_filename is not None:
        raise ConfigError("--stdin-filename: the contents are read for the path - only")
    return Engine(registry, configuration, overlay, options.jobs, cached=not options.no_cache)


def _stdin_path(options: argparse.Namespace) -> Path:
    return Path(os.path.abspath(options.stdin_filename or STDIN))


def _files(options: argparse.Namespace, engine: Engine, paths: Sequence[str]) -> dict[Path, str]:
    """The files to check; those that are not there are not among them."""
    named = [path for path in paths if path != STDIN and is_there(path)]
    files = engine.discover(named, force_exclude=options.force_exclude)
    for path in engine.files.overlay:
        if not (options.force_exclude and engine.is_excluded(path)):
            files[path] = options.stdin_filename or STDIN
    return files


@contextmanager
def _progress(files: int, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """What to call with how much is done, or None where nobody would see it."""
    if quiet or files < LONG_WORK or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn

    bar = Progress(
        SpinnerColumn(),
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
    with bar:
        # until it is known how many of the files have to do with processes
        task = bar.add_task("Searching", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, description="Analysing", completed=done, total=total)

        yield show


def _proved(found: Sequence[Diagnostic], options: argparse.Namespace) -> list[Diagnostic]:
    """The findings with what the example programs of their rules did on this machine."""
    from mplint.prove.command import seen

    codes = sorted({item.code for item in found} - OWN.keys())
    methods = [method for said in options.start_method or () for method in said.split(",")]
    what = seen(codes, options.jobs, methods) if codes else {}
    return [replace(item, seen=what.get(item.code, "")) for item in found]


def _summary(found: Sequence[Diagnostic], report: Report) -> str:
    checked = _counted(report.files, "file")
    if not found:
        return f"No problems found in {checked}."
    hit = len({item.path for item in found})
    return f"Found {_counted(len(found), 'problem')} in {hit} of {checked}."


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _tell(options: argparse.Namespace, engine: Engine, report: Report, seconds: float) -> None:
    """Says on standard error what has been done."""
    rules = engine.registry.rules.values()
    packs = sorted({rule.visitor.__module__.partition(".")[0] for rule in rules})
    complain(f"{_counted(len(rules), 'rule')} from {', '.join(packs)}")
    for source in engine.configuration.sources() or ["no file"]:
        complain(f"settings from {source}")
    complain(f"{_counted(report.files, 'file')}, {report.analysed} of them analysed")
    complain(f"{seconds:.1f} s, jobs: {options.jobs}")
