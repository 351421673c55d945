"""Which file an import means, and what files say without a syntax tree."""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mplint import catalog
from mplint.source import Files, Unreadable, with_newlines

BUILTINS = frozenset(vars(builtins))

MAX_PACKAGES = 2
"""Through so many packages that hand on each other's names a file is still taken to be imported."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a file stands: its package's dotted name and the folders that imports start from."""

    module: str  # "package.sub.name", or "name" of a script
    roots: tuple[Path, ...]


class Modules:
    """Finds the project's own modules, as Python would with the project installed or run in place.

    Absolute imports are looked for in the folder above the file's outermost package, in the folders
    from there up to the project's root, in `src` there, and beside the file, where Python finds
    them when it runs the file as a script. Names of the standard library and the catalog are never
    the project's.
    """

    def __init__(self, files: Files, root: Path) -> None:
        self.files = files
        self.root = root
        self._layouts: dict[Path, Layout] = {}
        self._imports: dict[Path, frozenset[Path]] = {}
        self._scanned: dict[Path, list[Import]] = {}
        self._found: dict[tuple[Path, str, int], Path | None] = {}
        self._in_folder: dict[tuple[Path, str], Path | None] = {}

    def layout(self, path: Path) -> Layout:
        known = self._layouts.get(path)
        if known is None:
            known = self._layouts[path] = self._find_layout(path)
        return known

    def _find_layout(self, path: Path) -> Layout:
        folder, names = path.parent, [path.stem]
        while self.files.exists(folder / "__init__.py") and folder != folder.parent:
            names.append(folder.name)
            folder = folder.parent
        in_package = len(names) > 1
        if names[0] == "__init__" and in_package:
            del names[0]
        roots = [folder]
        if self.root in folder.parents:
            roots += [parent for parent in folder.parents if self.root in (parent, *parent.parents)]
        roots += [self.root, self.root / "src"]
        roots.insert(len(roots) if in_package else 0, path.parent)
        return Layout(".".join(reversed(names)), tuple(dict.fromkeys(roots)))

    def find(self, importer: Path, module: str, level: int) -> Path | None:
        """The file behind `from <level dots><module> import …` in `importer`; None if foreign."""
        key = importer.parent, module, level
        if key not in self._found:
            self._found[key] = self._find(importer, module, level)
        return self._found[key]

    def _find(self, importer: Path, module: str, level: int) -> Path | None:
        if level:
            folder = importer.parent
            for _ in range(level - 1):
                folder = folder.parent
            return self._below(folder, module) if module else self._package(folder)
        if not module or _is_foreign(module):
            return None
        for root in self.layout(importer).roots:
            found = self._below(root, module)
            if found is not None:
                return found
        return None

    def submodule(self, package: Path, name: str) -> Path | None:
        """The module `name` inside the package whose `__init__.py` is `package`."""
        if package.name != "__init__.py":
            return None
        return self._below(package.parent, name)

    def imports(self, path: Path) -> frozenset[Path]:
        """The files of the project that a file imports, by its bytes."""
        known = self._imports.get(path)
        if known is None:
            known = self._imports[path] = frozenset(self._scan(path))
        return known

    def _scan(self, path: Path) -> Iterator[Path]:
        for item in self.items(path):
            target = self.find(path, item.module, item.level)
            inner = None
            if item.name is not None and item.name != "*":
                if target is not None:
                    inner = self.submodule(target, item.name)
                else:  # of a folder without an `__init__`
                    module = f"{item.module}.{item.name}" if item.module else item.name
                    inner = self.find(path, module, item.level)
            for found in (target, inner):
                if found is not None and found != path:
                    yield found

    def origins(self, path: Path) -> frozenset[Path]:
        """The same, and the files behind the names that it imports from packages."""
        found = set(self.imports(path))
        for item in self.items(path):
            target = self.find(path, item.module, item.level)
            if target is not None and item.name is not None:
                found |= self._handed_on(target, item.name, MAX_PACKAGES)
        return frozenset(found)

    def _handed_on(self, package: Path, name: str, hops: int) -> set[Path]:
        """The files that define a name of a package, as far as other packages hand it on."""
        found: set[Path] = set()
        if package.name != "__init__.py" or not hops:
            return found
        for item in self.items(package):
            if item.name is None or (item.name != "*" and item.bound != name):
                continue
            target = self.find(package, item.module, item.level)
            if target is None or target == package:
                continue
            inner = name if item.name == "*" else item.name
            if item.name != "*" or defines(without_text(self._bytes(target)), name):
                found.add(target)
            found |= self._handed_on(target, inner, hops - 1)
        return found

    def items(self, path: Path) -> list[Import]:
        """What a file imports, item by item, by its bytes."""
        if path not in self._scanned:
            self._scanned[path] = scan_imports(without_text(self._bytes(path)))
        return self._scanned[path]

    def _bytes(self, path: Path) -> bytes:
        try:
            return self.files.read(path)
        except Unreadable:
            return b""

    def _below(self, folder: Path, module: str) -> Path | None:
        """The file of a module in a folder. Most folders are asked for the same few modules again
        and again: by all files beneath them, and for those of libraries in vain."""
        key = folder, module
        if key not in self._in_folder:
            self._in_folder[key] = self._find_below(folder, module)
        return self._in_folder[key]

    def _find_below(self, folder: Path, module: str) -> Path | None:
        target = folder.joinpath(*module.split("."))
        if self.files.exists(target / "__init__.py"):
            return target / "__init__.py"
        file = target.with_name(target.name + ".py")
        return file if self.files.exists(file) else None

    def _package(self, folder: Path) -> Path | None:
        init = folder / "__init__.py"
        return init if self.files.exists(init) else None


@cache
def _is_foreign(module: str) -> bool:
    return (
        module.partition(".")[0] in sys.stdlib_module_names or catalog.library(module) is not None
    )


# Without a syntax tree ----------------------------------------------------------------------------


_NOISE = re.compile(
    rb"#[^\n]*|(?:\b(?P<prefix>[A-Za-z]{1,2}))?"
    rb"(?:'''[^'\\]*(?:(?:\\(?:.|\Z)|'(?!''))[^'\\]*)*(?:'''|\Z)"
    rb"|\"\"\"[^\"\\]*(?:(?:\\(?:.|\Z)|\"(?!\"\"))[^\"\\]*)*(?:\"\"\"|\Z)"
    rb"|'[^'\\\n]*(?:\\(?:.|\Z)[^'\\\n]*)*(?:'|(?=\n)|\Z)"
    rb"|\"[^\"\\\n]*(?:\\(?:.|\Z)[^\"\\\n]*)*(?:\"|(?=\n)|\Z))",
    re.DOTALL,
)
"""A comment or a string, be it without an end: to look for one from every quote takes for ever."""


def without_text(data: bytes) -> bytes:
    """The code of a file: its bytes without comments and strings, but for strings with code in
    them."""
    return _NOISE.sub(_blank, with_newlines(data))


def _blank(match: re.Match[bytes]) -> bytes:
    """What is put in place of a comment or a string."""
    prefix = match["prefix"]
    if prefix is not None and set(prefix.lower()) & set(b"ft"):
        return match[0]
    return b"" if match[0].startswith(b"#") else b" 0 "


IMPORT = re.compile(
    rb"(?:^(?:\xef\xbb\xbf)?|[:;])[ \t\f]*"
    rb"(?:from[ \t]+(?![ \t])(?P<dots>\.*)"
    rb"(?:(?:[ \t]*(?P<module>\w[\w.]*))?[ \t]+|(?<=\.))import(?:[ \t]+|(?=\())"
    rb"(?P<names>\([^()]*\)|(?:[^\n;\\]|\\\r?\n)+)"
    rb"|import[ \t]+(?P<modules>[\w., \t]+))",
    re.MULTILINE,
)
"""An import statement, roughly, in the code of a file."""

_ITEM = re.compile(rb"(?<![\w.*])([\w.*]+)(?:\s+as\s+(\w+))?\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class Import:
    """`from <level dots><module> import name as bound`; name is None for `import module`."""

    module: str
    name: str | None
    level: int
    bound: str


def scan_imports(code: bytes) -> list[Import]:
    """The imports in the code of a file: enough to see which files belong together, and through
    which package a name goes, at a hundredth of the cost of a syntax tree."""
    found = []
    for match in IMPORT.finditer(code):
        if match["modules"] is not None:
            for module, bound in _ITEM.findall(match["modules"].strip()):
                name = module.decode()
                found.append(Import(name, None, 0, bound.decode() or name.partition(".")[0]))
            continue
        names = re.sub(rb"\\\r?\n", b" ", match["names"].strip(b"()"))
        for name, bound in _ITEM.findall(names.strip()):
            found.append(
                Import(
                    (match["module"] or b"").decode(),
                    name.decode(),
                    len(match["dots"]),
                    (bound or name).decode(),
                )
            )
    return found


def bases(code: bytes, name: str) -> list[str]:
    """The names that the bases of a class in the code of a module begin with, as far as the first
    call, and those of its keywords. Empty where there is no such class."""
    pattern = rb"^class[ \t]+%s[ \t]*\(([^()]*)" % re.escape(name.encode())
    found = re.search(pattern, code, re.MULTILINE)
    if found is None:
        return []
    text = re.sub(rb"\[[^\[\]]*\]", b"", found[1]).decode(errors="replace")
    return re.findall(r"(?:^|,)\s*(\w+)", text)


def defines(data: bytes, name: str, *, inside: bool = True) -> bool:
    """Whether a file defines a name, be it inside of something."""
    if name.encode() not in data:
        return False
    word, indentation = re.escape(name.encode()), rb"[ \t]*" if inside else rb""
    function = rb"^%s(?:async[ \t]+def|def|class)[ \t]+%s\b" % (indentation, word)
    variable = rb"^%s%s\b[^\n=]*=" % (indentation, word)
    return re.search(function + rb"|" + variable, data, re.MULTILINE) is not None
