"""`mplint prove`."""

from __future__ import annotations

import argparse
import sys

from mplint.diagnostics import START_METHODS
from mplint.frontends.options import cores, positive

DESCRIPTION = """\
Runs each rule's bad.py and good.py in real processes and compares what they do with what the rule
claims: hangs, exceptions, lost results, leaks. Runs are watched, bounded in time, and leave nothing
behind.

Ends with 0 when all claims hold, 1 when one does not, and 2 for wrong usage."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "operands",
        metavar="RULE",
        nargs="*",
        help="a code, the beginning of codes, a name or a group [default: all rules]",
    )
    parser.add_argument(
        "--python",
        metavar="PATH",
        action="append",
        default=[],
        help="an interpreter to run with, instead of this one; repeatable",
    )
    parser.add_argument(
        "--start-method",
        metavar="METHOD",
        action="append",
        default=[],
        help=f"one of {', '.join(START_METHODS)} [default: all]; repeatable",
    )
    parser.add_argument(
        "--jobs", metavar="N", type=positive, default=cores(), help="[default: one per core]"
    )
    parser.add_argument(
        "--output-format", choices=("text", "json"), default="text", help="[default: text]"
    )


def run(options: argparse.Namespace) -> int:
    """Runs the programs, writes what they did, and returns the exit status. Raises RegistryError
    and ProveError."""
    from mplint.prove import command

    return command.run(
        options.operands,
        options.python,
        options.start_method,
        options.jobs,
        options.output_format,
        sys.stdout,
    )
