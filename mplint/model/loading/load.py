"""From files on disk to the facts that the solver asks for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from mplint.depth import on_deep_stack
from mplint.diagnostics import Place
from mplint.model import facts as f
from mplint.model.loading import extract
from mplint.model.loading.names import Import, Modules, bases, defines, without_text
from mplint.model.loading.scripts import Scripts, Survey
from mplint.model.solving.solve import Imported
from mplint.model.values import Site
from mplint.source import Files, Source, Unreadable

LARGE = 100_000
"""The parser takes a lot of memory for a file of so many bytes, for a moment."""

MAX_TREES = 2_000_000
"""Of files with so many bytes the syntax trees are kept, which take more memory than all else.
Those of further files are made again when somebody asks for them."""

MAX_AGAIN = 2
"""So many of these are kept, for the places of what was found."""

MAX_HOPS = 8
"""Packages that re-export a name from a package that re-exports it … end here."""


class ProjectLoader:
    """Reads and lowers the files of one project, each at most once."""

    def __init__(self, files: Files, modules: Modules, survey: Survey) -> None:
        self.files = files
        self.modules = modules
        self.gated = survey.gated
        self.scripts = Scripts(survey.settings, modules.imports)
        self.lowered: dict[Path, extract.Lowered | None] = {}
        self.sources: dict[Path, Source] = {}
        self._bytes_of_trees = 0
        self._again: dict[Path, tuple[Source, extract.Lowered]] = {}
        self._code: dict[Path, bytes | None] = {}
        self._extending: dict[tuple[Path, str], bool] = {}
        self._imports: dict[Path, dict[str, Import]] = {}
        self._stars: dict[Path, list[Import]] = {}
        self._bound: dict[tuple[Path, str], bool] = {}
        self._resolved: dict[tuple[Path, str, str | None, int], Imported] = {}

    def source(self, path: Path) -> Source:
        known = self.sources.get(path)
        if known is None:
            known = self.sources[path] = Source(str(path), self.files.read(path))
        return known

    def code(self, path: Path) -> bytes | None:
        """The bytes of a file without its comments and strings; None when it cannot be read."""
        if path not in self._code:
            try:
                self._code[path] = without_text(self.files.read(path))
            except Unreadable:
                self._code[path] = None
        return self._code[path]

    def extends_gated(self, path: Path, name: str) -> bool:
        """Whether a name is bound to a class with a base in a file that has to do with processes,
        as far as the bytes show."""
        if (path, name) not in self._extending:
            self._extending[path, name] = False  # for a class that is said to be its own base
            self._extending[path, name] = any(self._bases_gated(path, name))
        return self._extending[path, name]

    def _bases_gated(self, path: Path, name: str) -> Iterator[bool]:
        for base in bases(self.code(path) or b"", name):
            bound = self._import_table(path).get(base)
            if bound is None:
                yield self.extends_gated(path, base)
                continue
            target = self.resolve(path, bound.module, bound.name, bound.level)
            yield target.path in self.gated
            if target.path is not None and target.name is not None:
                yield self.extends_gated(target.path, target.name)

    def facts(self, path: Path) -> f.FileFacts | None:
        if path not in self.lowered:
            self.lowered[path] = self._lower(path)
        lowered = self.lowered[path]
        return lowered.facts if lowered is not None else None

    def _lower(self, path: Path) -> extract.Lowered | None:
        try:
            source = self.source(path)
            lowered = _lowered(source)
        except (Unreadable, RecursionError):
            return None
        self._bytes_of_trees += len(source.data)
        if self._bytes_of_trees > MAX_TREES:
            lowered.nodes.clear()
            self.sources[path] = Source(str(path), source.data)
        if len(source.data) > LARGE:
            _give_back()
        return lowered

    def syntax(self, path: Path) -> tuple[Source, extract.Lowered]:
        """A loaded file, with its syntax tree and what that was lowered to."""
        lowered = self.lowered[path]
        assert lowered is not None, path
        if lowered.nodes:
            return self.source(path), lowered
        known = self._again.pop(path, None)
        if known is None:
            source = Source(str(path), self.source(path).data)
            known = source, replace(lowered, nodes=_lowered(source).nodes)
            if len(source.data) > LARGE:
                _give_back()
            while len(self._again) >= MAX_AGAIN:
                del self._again[next(iter(self._again))]
        self._again[path] = known
        return known

    def release(self, path: Path) -> None:
        """Frees what a check of a file has made for itself."""
        lowered = self.lowered[path]
        if lowered is not None:
            lowered.forget_numbers()
        if self._again.pop(path, None) is not None:
            _give_back()

    def place(self, site: Site) -> Place:
        """Where a numbered expression or step of a loaded file stands."""
        source, lowered = self.syntax(site.path)
        return source.place(lowered.nodes[site.at])

    def resolve(self, importer: Path, module: str, name: str | None, level: int) -> Imported:
        key = (importer, module, name, level)
        known = self._resolved.get(key)
        if known is None:
            known = self._resolved[key] = self._resolve(importer, module, name, level)
        return known

    def _resolve(self, importer: Path, module: str, name: str | None, level: int) -> Imported:
        target = self.modules.find(importer, module, level)
        if name is None:
            return Imported(target, None if target is not None else module)
        if target is not None:
            followed = self.follow(target, name)
            if followed.path is None or followed.name is None or self._binds(target, name):
                return followed
        submodule = f"{module}.{name}" if module else name
        inner = self.modules.find(importer, submodule, level)
        if inner is not None:
            return Imported(inner, None)
        if target is not None:
            return Imported(target, name)
        return Imported(None, submodule if not level else f"?.{submodule}")

    def follow(self, module: Path, name: str, hops: int = MAX_HOPS) -> Imported:
        """The definition behind a name of a module that may only hand it on."""
        if module in self.gated or not hops:
            return Imported(module, name)
        found = self._import_table(module).get(name)
        if found is None:
            for star in self._stars[module]:
                target = self.modules.find(module, star.module, star.level)
                if target is not None and self._binds(target, name):
                    return self.follow(target, name, hops - 1)
            return Imported(module, name)
        target = self.modules.find(module, found.module, found.level)
        if found.name is None:
            return Imported(target, None if target is not None else found.module)
        if target is not None and self._binds(target, found.name):
            return self.follow(target, found.name, hops - 1)
        submodule = f"{found.module}.{found.name}" if found.module else found.name
        inner = self.modules.find(module, submodule, found.level)
        if inner is not None:
            return Imported(inner, None)
        if target is not None:
            return self.follow(target, found.name, hops - 1)
        return Imported(None, submodule if not found.level else f"?.{submodule}")

    def _import_table(self, path: Path) -> dict[str, Import]:
        if path not in self._imports:
            found = self.modules.items(path)
            self._imports[path] = {item.bound: item for item in found if item.name != "*"}
            self._stars[path] = [item for item in found if item.name == "*"]
        return self._imports[path]

    def defines(self, path: Path, name: str) -> bool:
        """Whether a module defines a name that a star import brings along, as far as its bytes
        show."""
        return defines(self.code(path) or b"", name, inside=False)

    def _binds(self, path: Path, name: str) -> bool:
        """Whether a module binds a name, as far as its bytes show."""
        known = self._bound.get((path, name))
        if known is None:
            known = self._bound[path, name] = self._finds_binding(path, name)
        return known

    def _finds_binding(self, path: Path, name: str) -> bool:
        if name in self._import_table(path):
            return True
        return defines(self.code(path) or b"", name) or any(
            (target := self.modules.find(path, star.module, star.level)) is not None
            and target != path
            and defines(self.code(target) or b"", name)
            for star in self._stars[path]
        )


def _lowered(source: Source) -> extract.Lowered:
    """The facts of a file. Raises Unreadable and RecursionError."""
    tree = source.tree
    try:
        return extract.lower(tree)
    except RecursionError:
        return on_deep_stack(lambda: extract.lower(tree))


@cache
def _trim() -> Callable[[int], int] | None:
    """The function with which glibc gives back memory that was freed, where it is."""
    if sys.platform != "linux":
        return None
    try:
        import ctypes

        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (ImportError, OSError, AttributeError):
        return None
    return trim


def _give_back() -> None:
    """Gives the memory that the parser has freed back to the system. What was made meanwhile lies
    between its pieces, so that it is not given back by itself: half of all memory, otherwise."""
    trim = _trim()
    if trim is not None:
        trim(0)
