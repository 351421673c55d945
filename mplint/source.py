"""Files: bytes, text, syntax tree and positions, each made at most once and only when asked for."""

from __future__ import annotations

import io
import os
import re
import stat
import tokenize
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mplint import depth
from mplint.diagnostics import Place

if TYPE_CHECKING:
    import libcst as cst
    from libcst.metadata import CodeRange

MAX_BYTES = 20_000_000
"""Larger files are data, not programs."""

_TOO_LARGE = f"larger than {MAX_BYTES // 1_000_000} MB"

MAX_TEXT = 200
"""So many characters of what is in a file are quoted when it cannot be read."""


class Unreadable(Exception):
    """A file that cannot be read or parsed; the message says why, in one line."""

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        super().__init__(reason)
        self.reason, self.line, self.column = reason, line, column


class Source:
    """One file. `path` is shown to the user as given."""

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data

    @cached_property
    def encoding(self) -> str:
        try:
            return tokenize.detect_encoding(io.BytesIO(self.data).readline)[0]
        except SyntaxError as error:
            raise Unreadable(_about_encoding(str(error))) from None
        except LookupError as error:  # an encoding that is none of text, from 3.14 on
            name = str(error).partition("'")[2].partition("'")[0]
            raise Unreadable(_about_encoding(f"unknown encoding: {name}")) from None

    @cached_property
    def text(self) -> str:
        if b"\0" in self.data:
            line = self.data.count(b"\n", 0, self.data.index(b"\0")) + 1
            raise Unreadable("the file contains null bytes", line)
        try:
            return self.data.decode(self.encoding)
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise Unreadable(f"not {self.encoding} text: {error.reason}", line) from None
        except LookupError:
            raise Unreadable(_about_encoding(f"unknown encoding: {self.encoding}")) from None
        except ValueError:  # of encodings that are for other things, such as `punycode`
            raise Unreadable(f"not {self.encoding} text") from None

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends, as Python counts them."""
        return re.split(r"\r\n|\r|\n", self.text)

    @cached_property
    def tree(self) -> cst.Module:
        """The syntax tree. Raises Unreadable when there is none."""
        import libcst as cst

        text = self.text
        deep = depth.too_deep(with_newlines(self.data))
        if deep is not None:
            raise Unreadable(*deep)
        try:
            return cst.parse_module(text)
        except cst.ParserSyntaxError as error:
            if error.message.startswith("tokenizer error"):
                raise _untokenized(text, error) from None
            reason = f"the file cannot be parsed: {_reason(error)}"
            raise Unreadable(reason, error.raw_line, error.raw_column + 1) from None
        except (RecursionError, MemoryError):
            raise Unreadable("the file is nested too deeply to be parsed") from None
        except Exception as error:  # the native parser has a few ways to fail of its own
            raise Unreadable(f"the file cannot be parsed: {error}") from None

    @cached_property
    def _positions(self) -> Mapping[cst.CSTNode, CodeRange]:
        from libcst.metadata import MetadataWrapper, PositionProvider

        def resolve() -> Mapping[cst.CSTNode, CodeRange]:
            return MetadataWrapper(self.tree, unsafe_skip_copy=True).resolve(PositionProvider)

        try:
            return resolve()
        except (KeyError, RecursionError):  # the first is raised while the second is on its way
            return depth.on_deep_stack(resolve)

    def place(self, node: cst.CSTNode) -> Place:
        """Where a node of `tree` stands."""
        span = self._positions[node]
        return Place(
            self.path,
            span.start.line,
            span.start.column + 1,
            span.end.line,
            span.end.column + 1,
        )


class Files:
    """The project as it is seen: what is on disk, and `overlay` over it (an editor's buffers,
    standard input), by absolute path."""

    def __init__(self, overlay: Mapping[Path, bytes] | None = None) -> None:
        self.overlay = dict(overlay or {})
        self._exists: dict[Path, bool] = {}

    def read(self, path: Path) -> bytes:
        """The bytes of a regular file. Raises Unreadable."""
        if path in self.overlay:
            return self.overlay[path]
        try:
            with open(path, "rb", opener=_open_nonblocking) as stream:
                status = os.fstat(stream.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise Unreadable("not a regular file")
                if status.st_size > MAX_BYTES:
                    raise Unreadable(_TOO_LARGE)
                data: bytes | None = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise Unreadable(error.strerror or str(error)) from None
        if data is None:  # of those that the system makes up, some only have something later
            raise Unreadable("nothing can be read from it")
        if len(data) > MAX_BYTES:  # of what the system makes up, it tells no size
            raise Unreadable(_TOO_LARGE)
        return data

    def exists(self, path: Path) -> bool:
        """Whether there is such a file, as far as one may look."""
        known = self._exists.get(path)
        if known is None:
            known = self._exists[path] = path in self.overlay or os.path.isfile(path)
        return known


def _open_nonblocking(path: str, flags: int) -> int:
    # a named pipe among the sources must not stop us; os.O_NONBLOCK is missing on Windows
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def with_newlines(data: bytes) -> bytes:
    """What is in a file, with a line feed at the end of each line, where old Macs have a carriage
    return: that is how Python reads it."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _about_encoding(said: str) -> str:
    """What `tokenize` says of an encoding, in plain words."""
    name = said.removeprefix("unknown encoding: ")
    if name != said:
        return f"the encoding declaration names {_cut(name)!r}, which is no encoding of text"
    if said.startswith("encoding problem"):
        return "the file starts as UTF-8, and its encoding declaration says otherwise"
    return "the file is not UTF-8, and no other encoding is declared in its first two lines"


def _untokenized(text: str, error: cst.ParserSyntaxError) -> Unreadable:
    """Why a text cannot be cut into words, and where: libcst does not tell the place, Python does
    if it cannot read the text either."""
    import ast
    import warnings

    reason, line, column = _reason(error), 1, 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<text>", "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as told:
        if told.lineno:
            reason = _cut(told.msg)
            line, column = min(told.lineno, text.count("\n") + 1), max(told.offset or 1, 1)
    except (ValueError, RecursionError, MemoryError):
        pass
    return Unreadable(f"the file cannot be parsed: {reason}", line, column)


def _reason(error: cst.ParserSyntaxError) -> str:
    message = error.message
    message = message.removeprefix("parser error: error at ")
    return _cut(re.sub(r"^\d+:\d+: ", "", message).strip().rstrip("."))


def _cut(text: str) -> str:
    """What fits into a message."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
