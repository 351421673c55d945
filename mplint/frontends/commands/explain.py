"""`mplint explain`."""

from __future__ import annotations

import argparse
import sys
from typing import TextIO

from mplint import registry
from mplint.frontends.pages import page
from mplint.frontends.status import CLEAN
from mplint.frontends.terminal import is_coloured
from mplint.registry import OWN

DESCRIPTION = """\
Shows the page of a rule: what happens, why, what to write instead, when mplint stays silent, and
which command makes it happen before your eyes."""

WIDTH = 100
"""Longer lines of prose are hard to read, however wide the terminal is."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "operands",
        metavar="RULE",
        nargs="+",
        help="a code, the beginning of codes, a name or a group",
    )


def run(options: argparse.Namespace) -> int:
    """Writes the pages. Raises RegistryError."""
    rules = registry.load()
    codes = [code for selector in options.operands for code in sorted(rules.select(selector).codes)]
    colour = is_coloured(sys.stdout)
    for code in dict.fromkeys(codes):
        text = page(rules, code).text.rstrip()
        if code not in OWN:
            text += f"\n\n## Watch it happen\n\n```console\n$ mplint prove {code}\n```"
        if colour:
            _draw(text, sys.stdout)
        else:
            print(f"{text}\n")
    return CLEAN


def _draw(text: str, output: TextIO) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(file=output)
    console.print(Markdown(text), width=min(console.width, WIDTH))
    console.print()
