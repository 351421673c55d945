"""Which scripts of a project set a start method, and for which files, by their bytes alone: the
modules between a script and a file need not have anything to do with processes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mplint.diagnostics import START_METHODS
from mplint.source import with_newlines

if TYPE_CHECKING:
    from mplint.model.values import Activation

WORD = b"set_start_method"

_CALL = re.compile(
    rb"^(?P<before>[^\n#]*?)\bset_start_method[ \t]*\("
    rb"(?:\s*(?:method\s*=\s*)?[\"'](?P<method>\w+)[\"']\s*[,)])?",
    re.MULTILINE,
)
_LATER = re.compile(rb"[ \t]*(?:(?:async[ \t]+)?def\b|class\b|if\b[^\n]*\b__name__\b)")
"""What begins a block that an import of the file does not run."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a file sets: `methods` is empty where that is not known. `at_import` says whether all
    who import the file get it."""

    methods: frozenset[str]
    at_import: bool


def setting_in(data: bytes) -> Setting | None:
    """What start methods a file sets by its bytes; None if none."""
    if WORD not in data:
        return None
    found: set[str] = set()
    known = at_import = False
    count = 0
    data = with_newlines(data)
    for match in _CALL.finditer(data):
        if match["before"].split()[-1:] == [b"def"]:
            continue
        count += 1
        method = (match["method"] or b"?").decode()
        found.add(method)
        at_import = at_import or _is_at_import(data, match.start())
    if not count:
        return None
    known = found <= set(START_METHODS)
    return Setting(frozenset(found) if known else frozenset(), at_import)


def _is_at_import(data: bytes, start: int) -> bool:
    """Whether a line is run when its file is imported, by the lines that it is indented under."""
    depth = _depth(data[start : start + 200])
    for line in reversed(data[:start].splitlines()):
        if depth and line.strip() and not line.lstrip().startswith(b"#") and _depth(line) < depth:
            if _LATER.match(line):
                return False
            depth = _depth(line)
    return True


def _depth(line: bytes) -> int:
    return len(line) - len(line.lstrip(b" \t"))


def is_test(path: Path) -> bool:
    """Whether a file is one that test runners take for tests, or configures them."""
    return path.stem.startswith("test_") or path.stem.endswith(("_test", "conftest"))


def is_in_test(activation: Activation) -> bool:
    """Whether a function is a test, or part of one: by its file, its name or its class."""
    parts = activation.scope.qualified_name.replace(".<locals>", "").split(".")
    return is_test(activation.path) or any(_OF_TESTS.match(part) for part in parts)


_OF_TESTS = re.compile(r"[tT]ests?(_|[A-Z0-9]|$)")


@dataclass(frozen=True, slots=True)
class Survey:
    """What one look at the bytes of all files of a project says: which can have to do with
    processes, and which of these set a start method."""

    gated: frozenset[Path]
    settings: Mapping[Path, Setting]


class Scripts:
    """The files of a project that set a start method, and what they import in the end."""

    def __init__(
        self, settings: Mapping[Path, Setting], imports: Callable[[Path], Iterable[Path]]
    ) -> None:
        self.settings = settings
        self._imports = imports
        self._drawn: dict[Path, frozenset[Path]] = {}

    def drawn_in(self, script: Path) -> frozenset[Path]:
        """The files that one of these files imports, itself included."""
        found = self._drawn.get(script)
        if found is None:
            seen: set[Path] = set()
            todo = [script]
            while todo:
                path = todo.pop()
                if path not in seen:
                    seen.add(path)
                    todo += self._imports(path)
            found = self._drawn[script] = frozenset(seen)
        return found
