"""Which files belong to one program.

Files that have to do with processes and import each other, directly or through a package's
`__init__`, are analysed together, so that a worker in one file is known to be started in another.
Which files those are depends on the project on disk only, never on which of them are to be checked.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mplint.model.loading.gate import is_gated, uses
from mplint.model.loading.names import MAX_PACKAGES, Modules
from mplint.model.loading.scripts import Setting, Survey, setting_in
from mplint.source import Files, Unreadable

if TYPE_CHECKING:
    from mplint.model.loading.load import ProjectLoader

MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", ".hg")
"""A folder with one of these is the root of a project."""

SKIPPED_FOLDERS = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".tox",
        ".nox",
        ".venv",
        ".eggs",
        ".mplint_cache",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".ipynb_checkpoints",
        "__pycache__",
        "__pypackages__",
        "node_modules",
        "site-packages",
        "venv",
    }
)
"""Folders that hold no code of the project."""

SUFFIXES = (".py", ".pyw")

MAX_FILES = 200_000


@dataclass(frozen=True, slots=True)
class Root:
    """Where a file's project begins. Without a marker that is the file's outermost package, or the
    files beside it."""

    folder: Path
    deep: bool


def has_marker(folder: Path) -> bool:
    """Whether a folder says that it is the root of a project."""
    return any(os.path.exists(folder / marker) for marker in MARKERS)


def find_root(path: Path, files: Files) -> Root:
    """The project of a file, from where the file stands alone."""
    parents = list(path.parents)
    for parent in parents:
        if parent.name in SKIPPED_FOLDERS:
            break  # what is above is another project
        if has_marker(parent):
            return Root(parent, deep=True)
    package: Path | None = None
    for parent in parents:
        if not files.exists(parent / "__init__.py"):
            break
        package = parent
    return Root(package, deep=True) if package is not None else Root(path.parent, deep=False)


def walk(folder: Path, *, deep: bool, skip: Callable[[Path, bool], bool]) -> Iterator[Path]:
    """The Python files of a folder, sorted; symbolic links to folders are not followed."""
    open_ = [iter(_entries(folder))]  # no recursion: paths may be deeper than Python's stack
    while open_:
        entry = next(open_[-1], None)
        if entry is None:
            open_.pop()
            continue
        path = Path(entry.path)
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
            is_file = entry.is_file()
        except OSError:
            continue
        if is_folder:
            if deep and entry.name not in SKIPPED_FOLDERS and not skip(path, True):
                open_.append(iter(_entries(path)))
        elif is_file and entry.name.endswith(SUFFIXES) and not skip(path, False):
            yield path


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in a folder, sorted."""
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []


class Project:
    """The files of one project, and how they hang together. `survey` saves the search where it has
    been made."""

    def __init__(self, files: Files, root: Root, survey: Survey | None = None) -> None:
        self.files = files
        self.root = root
        self.modules = Modules(files, root.folder)
        if survey is not None:
            self.__dict__["survey"] = survey

    @cached_property
    def survey(self) -> Survey:
        """What the bytes of all files say."""
        gated: set[Path] = set()
        telling: list[Path] = []
        settings: dict[Path, Setting] = {}
        for path in self._files():
            try:
                data = self.files.read(path)
            except Unreadable:
                continue
            used = uses(data)
            if used is None:
                continue
            if used:
                gated.add(path)
            else:
                telling.append(path)
            setting = setting_in(data)
            if setting is not None:
                settings[path] = setting
        # who asks for the number of processors, and imports a user of processes, is one as well;
        # whole packages are imported for all sorts of things, but not what they hand on
        users = {path for path in gated if path.name != "__init__.py"}
        gated.update(path for path in telling if self.modules.origins(path) & users)
        return Survey(frozenset(gated), settings)

    def _files(self) -> Iterator[Path]:
        folder, deep = self.root.folder, self.root.deep
        yield from islice(walk(folder, deep=deep, skip=lambda path, is_folder: False), MAX_FILES)
        yield from (path for path in self.files.overlay if folder in path.parents)

    @property
    def gated(self) -> frozenset[Path]:
        """The files that have to do with processes, by their bytes."""
        return self.survey.gated

    @cached_property
    def loader(self) -> ProjectLoader:
        """Reads and lowers the project's files, each once."""
        # what comes with it takes longer to import than most projects to search
        from mplint.model.loading.load import ProjectLoader

        return ProjectLoader(self.files, self.modules, self.survey)

    def afresh(self, files: Files) -> Project:
        """The same project, of whose files none has been read for its contents. What it reads then
        is freed with it."""
        return Project(files, self.root, self.survey)

    @cached_property
    def _imported(self) -> dict[Path, frozenset[Path]]:
        """The files of the project that each gated file imports, directly or through the
        `__init__` of packages that import each other's."""
        found: dict[Path, frozenset[Path]] = {}
        for path in self.gated:
            reached = set(new := self.modules.imports(path))
            for _ in range(MAX_PACKAGES):
                packages = [target for target in new if target.name == "__init__.py"]
                inner = (self.modules.imports(target) for target in packages)
                new = frozenset().union(*inner) - reached
                reached |= new
            found[path] = frozenset(reached)
        return found

    @cached_property
    def programs(self) -> list[tuple[Path, ...]]:
        """The gated files, in groups that import each other."""
        group: dict[Path, Path] = {path: path for path in self.gated}

        def top(path: Path) -> Path:
            while group[path] != path:
                group[path] = group[group[path]]
                path = group[path]
            return path

        for path, imported in self._imported.items():
            for target in imported:
                if target in group:
                    group[top(path)] = top(target)
        members: dict[Path, list[Path]] = defaultdict(list)
        for path in sorted(self.gated):
            members[top(path)].append(path)
        return sorted(tuple(paths) for paths in members.values())

    @cached_property
    def _users(self) -> dict[Path, set[int]]:
        """By file, the programs that it is part of or may be drawn into."""
        users: dict[Path, set[int]] = defaultdict(set)
        for number, paths in enumerate(self.programs):
            for path in paths:
                users[path].add(number)
                for target in self._imported[path]:
                    if target not in self.gated:
                        users[target].add(number)
        return users

    def programs_of(self, path: Path) -> list[tuple[Path, ...]]:
        """The programs that have to be looked at for a file, each as its files. A file that the
        search does not come across, for its name or its folder, is a program of its own."""
        numbers = self._users.get(path)
        if numbers:
            return [self.programs[number] for number in sorted(numbers)]
        try:
            unseen = is_gated(self.files.read(path))
        except Unreadable:
            unseen = False
        return [(path,)] if unseen else []

    def programs_behind(self, path: Path) -> list[tuple[Path, ...]]:
        """The same; for a file that is part of none, such as a script that only starts what others
        do, the programs of what it imports."""
        behind = {n for target in self.modules.imports(path) for n in self._users.get(target, ())}
        return self.programs_of(path) or [self.programs[number] for number in sorted(behind)]
