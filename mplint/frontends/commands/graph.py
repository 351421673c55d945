"""`mplint graph`."""

from __future__ import annotations

import argparse
import os
import sys

from mplint.engine import Engine
from mplint.frontends import graph
from mplint.frontends.paths import is_there, missing
from mplint.frontends.status import CLEAN, FAILED
from mplint.frontends.terminal import complain
from mplint.registry import load

DESCRIPTION = """\
Shows which processes a program has and how many of each; which queues, pipes, pools and locks they
talk over, and who puts into them and who takes out; each with its place."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "operands",
        metavar="PATH",
        nargs="*",
        help="a file or folder [default: the current folder]",
    )
    parser.add_argument("--format", choices=graph.FORMATS, default="text", help="[default: text]")


def run(options: argparse.Namespace) -> int:
    """Writes the graph of what is there, and complains about what cannot be read."""
    paths = options.operands or [os.curdir]
    errors = list(missing(paths))
    engine = Engine(load())
    files = engine.discover(path for path in paths if is_there(path))
    if files or not errors:
        errors += graph.run(engine, files, options.format, sys.stdout)
    for error in errors:
        complain(error)
    return FAILED if errors else CLEAN
