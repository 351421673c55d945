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


def plain(text: str) -> str:
    """A text in one line that does nothing to a terminal. A file's name may have line ends, which
    would begin a line that seems to be ours, and whatever else moves a cursor."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def complain(message: str, more: str = "") -> None:
    """Says on standard error what is wrong, in one line; `more` are lines of ours below that."""
    print("\n".join(filter(None, (f"mplint: {plain(message)}", more))), file=sys.stderr)


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
