"""Standard streams: what may be written to them, and how."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


def prepare_streams() -> None:
    """Lets every text be written, whatever the encoding of the terminal or pipe, and stands in for
    streams that are closed."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def complain(message: str) -> None:
    """Says on standard error what is wrong."""
    print(f"mplint: {message}", file=sys.stderr)


def is_coloured(stream: TextIO) -> bool:
    """Whether a stream is a terminal that shows colours. `FORCE_COLOR` and `TERM` are heeded;
    `NO_COLOR` is by whoever writes through rich."""
    if not stream.isatty() and not os.environ.get("FORCE_COLOR"):
        return False
    from rich.console import Console

    return Console(file=stream).color_system is not None


@contextmanager
def opened(path: str | None, option: str) -> Iterator[tuple[TextIO, bool]]:
    """Where to write, and whether it shows colours: standard output, or the file that an option
    names. Raises ConfigError."""
    if path is None:
        yield sys.stdout, is_coloured(sys.stdout)
        return
    try:
        stream = open(  # noqa: SIM115, which would have `with` include the wrong errors
            path, "w", encoding="utf-8", errors="backslashreplace", newline="\n"
        )
    except OSError as error:
        from mplint.config import ConfigError

        raise ConfigError(f"{option}: {path}: {error.strerror}") from None
    with stream:
        yield stream, False
