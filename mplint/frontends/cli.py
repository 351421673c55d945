"""The command line. What a command needs is imported when it runs."""

from __future__ import annotations

import argparse
import errno
import gc
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from mplint import __version__
from mplint.frontends.status import FAILED
from mplint.frontends.terminal import complain, prepare_streams

COMMANDS = {
    "check": "find multiprocessing misuse in files and folders",
    "explain": "show the page of a rule: what happens, why, and what to do instead",
    "graph": "show which processes a program has, and what they talk over",
    "prove": "run the rules' example programs and see what really happens",
    "rules": "list the rules",
}
"""The commands, each a module of `mplint.frontends.commands` with DESCRIPTION, `configure(parser)`
and `run(options)`."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line and name the nearest option."""

    def __init__(self, prog: str, description: str) -> None:
        super().__init__(
            prog=prog,
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Options and operands in any order; what follows `--` is operands."""
        before, after = list(arguments), []
        if "--" in before:  # argparse looks for options behind a leading `--`, too
            at = before.index("--")
            before, after = before[:at], before[at + 1 :]
        options = self.parse_intermixed_args(before)
        if after:
            options.operands = [*options.operands, *after]
        return options

    def error(self, message: str) -> NoReturn:
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            from mplint.registry import nearest

            what = unknown.split()[0].partition("=")[0]
            hint = nearest(what, self._option_string_actions)
            message = f"there is no {'option' if what.startswith('-') else 'argument'} {what}{hint}"
        complain(message, f"Try `{self.prog} --help`.")
        raise SystemExit(FAILED)


def run() -> NoReturn:
    """The program: runs a command and ends the process with its exit status."""
    # an analysis sweeps when it has to; by itself the collector would search all that is left of
    # it, between its end and that of the process
    gc.disable()
    status = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # a full disk, which has been told
            stream.flush()
    # an orderly end takes the program that was analysed apart, object by object: a tenth of the run
    os._exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns the exit status. Raises SystemExit for `--help` and for options
    that do not exist, as argparse does."""
    prepare_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        complain("interrupted")
    except BrokenPipeError:
        # whoever read the output has left; at its end, Python would try to write again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            complain(f"the output cannot be written: {error.strerror}")
        elif _is_usage(error):
            complain(str(error))
        else:
            complain("mplint itself failed; please report this.", traceback.format_exc())
    else:
        return status
    return FAILED


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        return _run_without_command(arguments)
    name = arguments.pop(0)
    command = importlib.import_module(f"mplint.frontends.commands.{name}")
    parser = Parser(f"mplint {name}", command.DESCRIPTION)
    command.configure(parser)
    status: int = command.run(parser.parse(arguments))
    return status


def _run_without_command(arguments: list[str]) -> int:
    width = max(map(len, COMMANDS))
    parser = Parser(
        "mplint", "Finds multiprocessing misuse in Python before it hangs in production."
    )
    parser.usage = "mplint COMMAND [OPTION...]"
    parser.epilog = "commands:\n{}\n\n`mplint COMMAND --help` tells more.".format(
        "\n".join(f"  {name:{width}}  {summary}" for name, summary in COMMANDS.items())
    )
    parser.add_argument("-V", "--version", action="version", version=f"mplint {__version__}")
    parser.add_argument("command", nargs="*", help=argparse.SUPPRESS)
    command = parser.parse_intermixed_args(arguments).command
    if command:
        parser.error(_no_command(command[0]))
    parser.print_help(sys.stderr)
    return FAILED


def _no_command(given: str) -> str:
    from mplint.registry import nearest

    if os.path.exists(given):
        return f"there is no command {given!r}; did you mean `mplint check {given}`?"
    return f"there is no command {given!r}{nearest(given, COMMANDS)}"


def _is_usage(error: Exception) -> bool:
    """Whether an error is about what was asked for, and says so itself."""
    from mplint.config import ConfigError
    from mplint.prove import ProveError
    from mplint.registry import RegistryError

    return isinstance(error, ConfigError | RegistryError | ProveError)
