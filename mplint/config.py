"""Settings: from `pyproject.toml`, `mplint.toml` and the command line.

A file's settings come from the nearest folder above it that has some, so they do not depend on
where mplint is called from. The command line comes before them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from mplint.diagnostics import START_METHODS
from mplint.registry import INTERNAL, UNREADABLE, Registry, RegistryError, nearest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OWN_FILES = ("mplint.toml", ".mplint.toml")
PYTHONS = tuple(f"3.{minor}" for minor in range(8, 16))
"""The minor versions that `applies` and `target-version` can speak of."""


class ConfigError(Exception):
    """Settings that cannot be used; the message names the file and the key."""


@dataclass(frozen=True)
class Settings:
    """What to check, and for which start methods and Python versions. None and empty mean: not
    said."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    start_methods: tuple[str, ...] = ()
    target_version: str | None = None
    requires_python: str | None = None
    folder: Path | None = None  # what `exclude` and `per-file-ignores` are relative to

    @cached_property
    def pythons(self) -> tuple[str, ...]:
        """The Python versions that the project is for."""
        if self.target_version is not None:
            return (self.target_version,)
        return matching(self.requires_python) or PYTHONS

    def codes(self, registry: Registry) -> frozenset[str]:
        """The rules that are on. Raises ConfigError for selectors that mean none."""
        try:
            chosen = set(registry.default)
            if self.select is not None:
                chosen = {UNREADABLE, INTERNAL} | _union(registry, self.select)
            chosen |= _union(registry, self.extend_select)
            # the more exact of two selectors wins: `select = ["MPL111"]` over `ignore = ["MPL1"]`
            exact = {
                code
                for selector in (*(self.select or ()), *self.extend_select)
                for code in registry.select(selector)
                if selector in (code, registry.name(code))
            }
            for selector in self.ignore:
                ignored = registry.select(selector)
                chosen -= ignored if len(ignored) == 1 else ignored - exact
        except RegistryError as error:
            raise ConfigError(str(error)) from None
        return frozenset(chosen)

    def ignored_in(self, path: Path, registry: Registry) -> frozenset[str]:
        """The codes that `per-file-ignores` switches off for a file."""
        found: set[str] = set()
        for pattern, selectors in self.per_file_ignores:
            if _matcher((pattern,))(self._relative(path)):
                try:
                    found |= _union(registry, selectors)
                except RegistryError as error:
                    raise ConfigError(f"per-file-ignores: {error}") from None
        return frozenset(found)

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


def _union(registry: Registry, selectors: Iterable[str]) -> set[str]:
    return set().union(*(registry.select(selector) for selector in selectors))


@lru_cache(maxsize=256)
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file


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
_KEYS = {*_LISTS, "target-version", "per-file-ignores"}


class Configuration:
    """Finds each file's settings. `override` is what the command line says; `only` is the one file
    to read settings from; `isolated` reads none."""

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
        self._folders: dict[Path, Settings] = {}

    def for_file(self, path: Path) -> Settings:
        """The settings of a file. Raises ConfigError."""
        return self.for_folder(path.parent)

    def for_folder(self, folder: Path) -> Settings:
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = self._merge(self._find(folder))
        return known

    def _find(self, folder: Path) -> Settings:
        if self.isolated:
            return Settings()
        found = self.only
        requires: str | None = None
        for parent in (folder, *folder.parents):
            pyproject = parent / "pyproject.toml"
            own = next((parent / name for name in OWN_FILES if (parent / name).is_file()), None)
            if found is None and own is not None:
                found = read(own)
            if pyproject.is_file():
                if found is None:
                    found = _read_pyproject(pyproject)
                if requires is None:
                    requires = _requires_python(pyproject)
                    break  # an inner project ends here
            if found is not None and (parent / ".git").exists():
                break
        return replace(found or Settings(), requires_python=requires)

    def _merge(self, found: Settings) -> Settings:
        said = {
            item.name: getattr(self.override, item.name)
            for item in fields(Settings)
            if getattr(self.override, item.name) != item.default
            and item.name not in ("per_file_ignores", "folder", "ignore", "extend_select")
        }
        return replace(
            found,
            ignore=(*found.ignore, *self.override.ignore),
            extend_select=(*found.extend_select, *self.override.extend_select),
            **said,
        )


@lru_cache(maxsize=64)
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


@lru_cache(maxsize=64)
def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not text: {error.reason}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None


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
        else:
            if not isinstance(value, dict):
                raise ConfigError(f"{where}: not a table of patterns and lists of codes")
            values["per_file_ignores"] = tuple(
                (pattern, _texts(codes, f"{where}.{pattern}")) for pattern, codes in value.items()
            )
    for method in values.get("start_methods", ()):
        check_start_method(method, f"{path}: {prefix}start-methods")
    return Settings(folder=path.parent, **values)


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
    if isinstance(value, str):
        text = value.removeprefix("py")
        if "." not in text and text.startswith("3") and len(text) > 1:
            text = f"3.{text[1:]}"
        if text in PYTHONS:
            return text
    choices = f"one of {', '.join(PYTHONS)}"
    raise ConfigError(f"{where}: {value!r} is no Python version; {choices}")
