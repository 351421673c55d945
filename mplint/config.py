"""Settings: from `pyproject.toml`, `mplint.toml` and the command line.

A file's settings come from the nearest folder above it that has some, so they do not depend on
where mplint is called from. The command line comes before them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, reduce
from operator import or_
from pathlib import Path
from typing import Any

from mplint.diagnostics import START_METHODS
from mplint.registry import INTERNAL, UNREADABLE, Registry, RegistryError, Selection, nearest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pragma: no cover

OWN_FILES = ("mplint.toml", ".mplint.toml")
PYTHONS = tuple(f"3.{minor}" for minor in range(8, 16))
"""The minor versions that `applies` and `target-version` can speak of."""


class ConfigError(Exception):
    """Settings that cannot be used; the message names the file and the key."""


@dataclass(frozen=True)
class Settings:
    """What to check, and for which start methods and Python versions. None and empty mean: not
    said. `origin` is what messages put before the name of a key."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    start_methods: tuple[str, ...] = ()
    target_version: str | None = None
    requires_python: str | None = None
    cache_dir: Path | None = None
    folder: Path | None = None  # what `exclude` and `per-file-ignores` are relative to
    origin: str = field(default="", compare=False)

    @cached_property
    def pythons(self) -> tuple[str, ...]:
        """The Python versions that the project is for."""
        if self.target_version is not None:
            return (self.target_version,)
        return matching(self.requires_python) or PYTHONS

    def selection(self, registry: Registry) -> Selection:
        """The findings that are asked for. Raises ConfigError for a selector that means none,
        wherever it stands."""
        select = self._rules(registry, "select", self.select or ())
        extend = self._rules(registry, "extend-select", self.extend_select)
        ignore = self._rules(registry, "ignore", self.ignore)
        for pattern, selectors in self.per_file_ignores:
            self._rules(registry, f"per-file-ignores.{pattern}", selectors)

        chosen = Selection.of(registry.default)
        if self.select is not None:
            chosen = _union([Selection.of((UNREADABLE, INTERNAL)), *select.values()])
        chosen = _union([chosen, *extend.values()])
        # the more exact of two selectors wins: `select = ["MPL111"]` over `ignore = ["MPL1"]`
        exact = Selection.of(
            code
            for selector, meant in (*select.items(), *extend.items())
            for code in meant.codes
            if selector in (code, registry.name(code))
        )
        for meant in ignore.values():
            chosen -= meant if len(meant.codes) == 1 else meant - exact
        return chosen

    def ignored_in(self, path: Path, registry: Registry) -> Selection:
        """What `per-file-ignores` switches off for a file. Raises ConfigError."""
        found: list[Selection] = []
        for pattern, selectors in self.per_file_ignores:
            if _matcher((pattern,))(self._relative(path)):
                found += self._rules(registry, f"per-file-ignores.{pattern}", selectors).values()
        return _union(found)

    def _rules(
        self, registry: Registry, key: str, selectors: Iterable[str]
    ) -> dict[str, Selection]:
        """What each selector means."""
        try:
            return {selector: registry.select(selector) for selector in selectors}
        except RegistryError as error:
            raise ConfigError(f"{self.origin}{key}: {error}") from None

    def excludes(self, path: Path, *, is_folder: bool) -> bool:
        """Whether `exclude` names a file or folder."""
        if not self.exclude:
            return False
        relative = self._relative(path)
        return _matcher(self.exclude)(f"{relative}/" if is_folder else relative)

    def _relative(self, path: Path) -> str:
        try:
            return path.relative_to(self.folder or Path.cwd()).as_posix()
        except ValueError:
            return path.as_posix().lstrip("/")


def _union(selections: Iterable[Selection]) -> Selection:
    return reduce(or_, selections, Selection())


@lru_cache(maxsize=256)
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file


def check_pattern(pattern: str, where: str) -> None:
    """Raises ConfigError for a pattern that git would not understand in a `.gitignore`."""
    try:
        _matcher((pattern,))
    except Exception as error:  # ValueError or re.error, by the version of pathspec
        raise ConfigError(f"{where}: {pattern!r} is no pattern: {error}") from None


@lru_cache(maxsize=256)
def matching(specifier: str | None) -> tuple[str, ...]:
    """The minor versions of Python that a specifier as in `requires-python` allows."""
    if specifier is None:
        return PYTHONS
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier:
        return PYTHONS
    # a bound like >=3.10.2 allows the minor version 3.10, by a later patch release
    return tuple(v for v in PYTHONS if any(allowed.contains(f"{v}.{n}") for n in (0, 5, 99)))


# Reading ------------------------------------------------------------------------------------------

_LISTS = {"select", "extend-select", "ignore", "exclude", "start-methods"}
_KEYS = {*_LISTS, "target-version", "per-file-ignores", "cache-dir"}


class Configuration:
    """Finds each file's settings. `override` is what the command line says; `only` is the one file
    to read settings from; `isolated` reads none. Raises ConfigError when `only` cannot be used."""

    def __init__(
        self,
        override: Settings | None = None,
        only: Path | None = None,
        *,
        isolated: bool = False,
    ) -> None:
        self.override = override or Settings()
        self.isolated = isolated
        self.only = read(only) if only is not None else None
        self._settings: dict[Path, Settings] = {}
        self._folders: dict[Path, _Folder] = {}

    def for_file(self, path: Path) -> Settings:
        """The settings of a file. Raises ConfigError."""
        return self.for_folder(path.parent)

    def for_folder(self, folder: Path) -> Settings:
        """The settings of the files in a folder. Raises ConfigError."""
        known = self._settings.get(folder)
        if known is None:
            known = self._settings[folder] = self._merge(self._find(folder))
        return known

    def excludes(self, path: Path, *, is_folder: bool) -> bool:
        """Whether the settings, or the command line besides, exclude a file or folder. Raises
        ConfigError."""
        return self.override.excludes(path, is_folder=is_folder) or self.for_file(path).excludes(
            path, is_folder=is_folder
        )

    def sources(self) -> list[str]:
        """The files, and tables in them, that settings have been taken from."""
        origins = {settings.origin for settings in self._settings.values()}
        return sorted(origin.rstrip(": .") for origin in origins if origin)

    def _find(self, folder: Path) -> Settings:
        """The nearest settings and the nearest `requires-python`, up to the repository's root."""
        if self.isolated:
            return Settings()
        below = []
        while (above := self._folders.get(folder)) is None:
            here = _look(folder, project_only=self.only is not None)
            below.append((folder, here))
            if here.is_top or folder == folder.parent:
                break
            folder = folder.parent
        for inner, here in reversed(below):
            above = self._folders[inner] = here.below(above)
        assert above is not None
        found = self.only or above.settings or Settings()
        return replace(found, requires_python=above.requires_python)

    def _merge(self, found: Settings) -> Settings:
        override = self.override
        return replace(
            found,
            select=found.select if override.select is None else override.select,
            ignore=(*found.ignore, *override.ignore),
            extend_select=(*found.extend_select, *override.extend_select),
            start_methods=override.start_methods or found.start_methods,
            target_version=override.target_version or found.target_version,
            cache_dir=override.cache_dir or found.cache_dir,
        )


@dataclass(frozen=True, slots=True)
class _Folder:
    """What the files in a folder say."""

    settings: Settings | None
    requires_python: str | None
    is_top: bool

    def below(self, above: _Folder | None) -> _Folder:
        """The same with what the folders above say, where this one says nothing."""
        if above is None:
            return self
        requires = self.requires_python or above.requires_python
        return _Folder(self.settings or above.settings, requires, self.is_top)


def _look(folder: Path, *, project_only: bool) -> _Folder:
    """Reads a folder's settings. With `project_only` they are not asked for, and a file that cannot
    be read says nothing."""
    settings: Settings | None = None
    requires: str | None = None
    pyproject = folder / "pyproject.toml"
    own = next((folder / name for name in OWN_FILES if os.path.isfile(folder / name)), None)
    if own is not None and not project_only:
        settings = read(own)
    if os.path.isfile(pyproject):
        try:
            requires = _requires_python(pyproject)
            if settings is None and not project_only:
                settings = _read_pyproject(pyproject)
        except ConfigError:
            if not project_only:
                raise
    return _Folder(settings, requires, os.path.exists(folder / ".git"))


def read(path: Path) -> Settings:
    """The settings in a file: `mplint.toml`, or any name ending in `pyproject.toml`, where they are
    in the table `tool.mplint`. Raises ConfigError."""
    if path.name.endswith("pyproject.toml"):
        return _read_pyproject(path) or Settings()
    return _settings(_load(path), path, "")


def _read_pyproject(path: Path) -> Settings | None:
    table = _load(path).get("tool", {})
    mine = table.get("mplint") if isinstance(table, dict) else None
    if mine is None:
        return None
    if not isinstance(mine, dict):
        raise ConfigError(f"{path}: tool.mplint is not a table")
    return _settings(mine, path, "tool.mplint.")


def _requires_python(path: Path) -> str | None:
    project = _load(path).get("project", {})
    requires = project.get("requires-python") if isinstance(project, dict) else None
    return requires if isinstance(requires, str) else None


def _load(path: Path) -> dict[str, Any]:
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        raise ConfigError(f"{path}: is not a file")  # reading a named pipe would never end
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not text: {error.reason}") from None
    except ValueError as error:  # of what is no TOML, and of numbers with thousands of digits
        raise ConfigError(f"{path}: not TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply") from None
    return table


def _settings(table: dict[str, Any], path: Path, prefix: str) -> Settings:
    values: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{path}: {prefix}{key}"
        if key not in _KEYS:
            raise ConfigError(f"{where}: there is no such key{nearest(key, _KEYS)}")
        if key in _LISTS:
            values[key.replace("-", "_")] = _texts(value, where)
        elif key == "target-version":
            values["target_version"] = python_version(value, where)
        elif key == "cache-dir":
            if not isinstance(value, str):
                raise ConfigError(f"{where}: not a string")
            values["cache_dir"] = path.absolute().parent / value
        else:
            if not isinstance(value, dict):
                raise ConfigError(f"{where}: not a table of patterns and lists of codes")
            values["per_file_ignores"] = tuple(
                (pattern, _texts(codes, f"{where}.{pattern}")) for pattern, codes in value.items()
            )
    origin = f"{path}: {prefix}"
    for method in values.get("start_methods", ()):
        check_start_method(method, f"{origin}start-methods")
    for pattern in values.get("exclude", ()):
        check_pattern(pattern, f"{origin}exclude")
    for pattern, _ in values.get("per_file_ignores", ()):
        check_pattern(pattern, f"{origin}per-file-ignores")
    return Settings(folder=path.absolute().parent, origin=origin, **values)


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ConfigError(f"{where}: not a list of strings")


def check_start_method(method: str, where: str) -> None:
    """Raises ConfigError when there is no such start method."""
    if method not in START_METHODS:
        hint = nearest(method, START_METHODS)
        raise ConfigError(f"{where}: there is no start method {method!r}{hint}")


def python_version(value: Any, where: str) -> str:
    """`3.14` from `3.14` or `py314`. Raises ConfigError."""
    if not isinstance(value, str):
        raise ConfigError(f'{where}: not a string, as in "3.12"')
    text = value.removeprefix("py")
    if "." not in text and text.startswith("3") and len(text) > 1:
        text = f"3.{text[1:]}"
    if text in PYTHONS:
        return text
    choices = f"one of {', '.join(PYTHONS)}"
    raise ConfigError(f"{where}: {value!r} is no Python version; {choices}")
