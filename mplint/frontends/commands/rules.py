"""`mplint rules`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from mplint import registry
from mplint.diagnostics import START_METHODS
from mplint.frontends.pages import Page, pages
from mplint.frontends.status import CLEAN
from mplint.frontends.terminal import is_coloured

DESCRIPTION = """\
Lists the rules of all rule packs that are installed. Those of the kinds bug and portability are on
unless switched off; advice is off unless selected.

Rules can be selected by their group: channels, pickling, processes, pools, sharing, start-methods.
One more, readiness-3.14, is about findings: those of what works up to Python 3.13 and breaks on
3.14. Listed are the rules that can have such; the others of their findings do not belong to it."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "operands",
        metavar="RULES",
        nargs="*",
        help="codes, beginnings of codes, names or groups [default: all]",
    )
    parser.add_argument(
        "--output-format",
        choices=("text", "json", "markdown"),
        default="text",
        help="[default: text]",
    )


def run(options: argparse.Namespace) -> int:
    """Writes the list. Raises RegistryError."""
    rules = list(pages(registry.load(), options.operands))
    if options.output_format == "json":
        print(json.dumps([_as_object(rule) for rule in rules], indent=2))
    elif options.output_format == "markdown":
        _write_markdown(rules, sys.stdout)
    elif is_coloured(sys.stdout):
        _draw_table(rules, sys.stdout)
    else:
        _write_table(rules, sys.stdout)
    return CLEAN


def _as_object(rule: Page) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "kind": rule.kind,
        "summary": rule.summary,
        "start_methods": list(rule.start_methods),
        "python": rule.python,
        "groups": list(rule.groups),
    }


def _write_table(rules: Sequence[Page], output: TextIO) -> None:
    rows = [(rule.code, rule.name, rule.kind, rule.summary) for rule in rules]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        output.write("  ".join(cells).rstrip() + "\n")


def _write_markdown(rules: Sequence[Page], output: TextIO) -> None:
    """A table per group: every rule in the first one that it belongs to."""
    tables: dict[str, list[Page]] = {}
    for rule in sorted(rules, key=lambda rule: not rule.groups):
        tables.setdefault(rule.groups[0] if rule.groups else "mplint itself", []).append(rule)
    head = "| Code | Name | Kind | What it finds | Start methods |\n|---|---|---|---|---|\n"
    output.write("\n".join(f"**{name}**\n\n{head}{_rows(tables[name])}" for name in tables))


def _rows(rules: Iterable[Page]) -> str:
    return "".join(
        f"| {rule.code} | {rule.name} | {rule.kind} | {rule.summary} | {_methods(rule)} |\n"
        for rule in rules
    )


def _methods(rule: Page) -> str:
    return "all" if set(START_METHODS) <= set(rule.start_methods) else ", ".join(rule.start_methods)


def _draw_table(rules: Sequence[Page], output: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("code", style="bold", no_wrap=True)
    table.add_column("name", style="cyan", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("summary")
    for rule in rules:
        table.add_row(rule.code, rule.name, rule.kind, rule.summary)
    Console(file=output, highlight=False, markup=False).print(table)
