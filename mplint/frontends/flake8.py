"""The flake8 plugin: the findings of `mplint check`, one file at a time.

flake8 looks after `# noqa` itself, and reports files that have no syntax tree as E999.
"""

from __future__ import annotations

import argparse
import ast
import io
import os
import tokenize
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from mplint import __version__

if TYPE_CHECKING:
    from mplint.config import Configuration
    from mplint.diagnostics import Diagnostic
    from mplint.engine import Engine


class _OptionManager(Protocol):
    """What of flake8 is used here."""

    def add_option(self, *args: Any, **kwargs: Any) -> None: ...


class Plugin:
    """What flake8 makes for each file. A failure is a violation in the first line of the file, and
    never ends the run."""

    name = "mplint"
    version = __version__
    options: ClassVar[argparse.Namespace] = argparse.Namespace()

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        # flake8 runs a plugin once per file when it asks for `tree`
        self.filename = filename
        self.lines = lines

    @classmethod
    def add_options(cls, manager: _OptionManager) -> None:
        """Tells flake8 the options, which it takes from its own configuration, too."""
        for name, text in (
            ("select", "check these rules only: codes, beginnings of codes, names, groups or ALL"),
            ("extend-select", "check these rules, too, such as those of the kind advice"),
            ("ignore", "do not check these rules"),
            ("start-method", "the start methods in use: fork, spawn, forkserver"),
        ):
            manager.add_option(
                f"--mplint-{name}",
                metavar="NAMES",
                comma_separated_list=True,
                parse_from_config=True,
                help=text,
            )
        manager.add_option(
            "--mplint-target-version",
            metavar="VERSION",
            parse_from_config=True,
            help="the Python version that the code runs on",
        )
        manager.add_option(
            "--mplint-config",
            metavar="FILE",
            normalize_paths=True,
            parse_from_config=True,
            help="take mplint's settings from this file",
        )
        manager.add_option(
            "--mplint-isolated",
            action="store_true",
            default=False,
            parse_from_config=True,
            help="use no settings of mplint's from files",
        )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Keeps what flake8 has read."""
        cls.options = options
        _engine.cache_clear()

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """The violations, with columns from 0."""
        try:
            found = self._check()
        except Exception as error:
            found = [(1, 0, f"MPL002 mplint failed: {type(error).__name__}: {error}")]
        for line, column, text in found:
            yield line, column, " ".join(text.split()), type(self)

    def _check(self) -> list[tuple[int, int, str]]:
        from mplint.config import ConfigError
        from mplint.registry import RegistryError

        path = Path(os.path.abspath(self.filename))
        try:
            engine = _engine()
            if not _is_on_disk(path, self.lines, engine):
                engine = _new_engine({path: _encoded(self.lines)})
        except (ConfigError, RegistryError) as error:
            return [(1, 0, f"MPL002 mplint cannot be used: {error}")]
        if engine.is_excluded(path):
            return []
        report = engine.check({path: self.filename})
        errors = [(1, 0, f"MPL002 mplint cannot be used: {error}") for error in report.errors]
        return errors + [
            (item.place.line, item.place.column - 1, _text(item)) for item in report.diagnostics
        ]


@lru_cache(maxsize=1)
def _engine() -> Engine:
    """The engine of this process, which remembers the project between files."""
    return _new_engine({})


def _new_engine(overlay: dict[Path, bytes]) -> Engine:
    from mplint.engine import Engine
    from mplint.registry import load

    registry = load()
    return Engine(registry, _configuration(Plugin.options), overlay, noqa=False, remembers=True)


def _configuration(options: argparse.Namespace) -> Configuration:
    from mplint.config import Configuration
    from mplint.frontends.options import override
    from mplint.registry import load

    said = override(
        load(),
        origin="--mplint-",
        select=options.mplint_select,
        extend_select=options.mplint_extend_select,
        ignore=options.mplint_ignore,
        start_methods=options.mplint_start_method,
        target_version=options.mplint_target_version,
    )
    only = options.mplint_config
    return Configuration(
        said, None if only is None else Path(only), isolated=options.mplint_isolated
    )


def _is_on_disk(path: Path, lines: Sequence[str], engine: Engine) -> bool:
    """Whether the lines are those of the file. Standard input goes under the name of a file that
    may well be there, with other contents."""
    from mplint.source import Source, Unreadable

    try:
        data = engine.files.read(path)
    except Unreadable:
        return False
    try:
        text = Source(str(path), data).text
    except Unreadable:
        text = data.decode("latin-1")  # as flake8 reads what it cannot decode
    ours, given = io.StringIO(text, newline=None).read(), "".join(lines)
    return ours.removeprefix("\ufeff") == given or ours.removeprefix("\xef\xbb\xbf") == given


def _encoded(lines: Sequence[str]) -> bytes:
    """The bytes that the lines were read from, as far as that matters."""
    text = "".join(lines)
    data = text.encode("utf-8", "surrogatepass")
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        return text.encode(encoding, "replace")
    except (SyntaxError, LookupError, ValueError):
        return data  # the check says what is wrong with it


def _text(item: Diagnostic) -> str:
    """The line that flake8 shows."""
    places = sorted({related.place for related in item.related})
    here = [str(place.line) for place in places if place.path == item.path]
    there = [f"{place.path}:{place.line}" for place in places if place.path != item.path]
    see = [f"line{'s' if len(here) > 1 else ''} {', '.join(here)}"] if here else []
    see += dict.fromkeys(there)
    return f"{item.code} {item.message}" + (f" (see {'; '.join(see)})" if see else "")
