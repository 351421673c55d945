"""Programs of one file cut into several, and files moved and renamed. Every line keeps its number,
so that what is found can be compared.
"""

from __future__ import annotations

import ast
import random
import re
import symtable
from collections.abc import Iterable

from rewriting import READS_NAMES, Files, spell

WAYS = ("from", "module", "star", "package", "relative", "handed on")
"""How a program gets at what stands in its other file."""

MENTION = "import multiprocessing as _library\n_library.Process\n"
"""What makes any file one that has to do with processes: to name a library is not enough."""


def split(
    files: Files, chance: random.Random, way: str | None = None, *, mention: bool = True
) -> Files:
    """Some of the functions, classes and constants of a program of one file move to another file,
    which uses multiprocessing unless it need not."""
    [(path, text)] = files.items()
    pieces = _Pieces(text)
    moved = pieces.choose(chance)
    place = pieces.place()
    if not moved or place is None:
        return files
    way = way or chance.choice(WAYS)
    module = next(name for name in ("parts", "pieces", "portions") if name not in text)
    used = pieces.used_of(moved)
    names = ", ".join(used)
    here, there = pieces.cut(moved)
    other = "".join(there) + (MENTION if mention else "")
    if not used:
        here[place] = f"import {module}\n"
        return {path: "".join(here), f"{module}.py": other}
    here[place] = f"from {module} import {names}\n"
    if way == "module":
        here[place] = f"import {module}\n"
        spelt = spell("".join(here), {name: f"{module}.{name}" for name in used}, {})
        if spelt is None:
            return files
        return {path: spelt, f"{module}.py": other}
    if way == "star" and not any(name.startswith("_") for name in used):
        here[place] = f"from {module} import *\n"
    main = "".join(here)
    if way in ("package", "relative", "handed on"):
        between = f"from .inner import {names}\n"
        if way == "package":
            between = f"from {module}.inner import {names}\n"
        elif way == "handed on" and not any(name.startswith("_") for name in used):
            between = "from .inner import *\n"
        return {path: main, f"{module}/__init__.py": between, f"{module}/inner.py": other}
    return {path: main, f"{module}.py": other}


class _Pieces:
    """The statements of a file, and which of them can stand elsewhere."""

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        self.lines = text.splitlines(keepends=True)
        self.movable: dict[str, ast.stmt] = {}
        self.imports: dict[str, ast.stmt] = {}
        self.bound: list[str] = []
        for statement in self.tree.body:
            match statement:
                case (
                    ast.FunctionDef(name=name)
                    | ast.AsyncFunctionDef(name=name)
                    | ast.ClassDef(name=name)
                    | ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant())
                ):
                    self.movable[name] = statement
                    self.bound.append(name)
                case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                    names = [(a.asname or a.name).partition(".")[0] for a in aliases]
                    self.imports |= dict.fromkeys(names, statement)
                    self.bound += names
                case _:
                    self.bound += _bound_in(statement)
        self.reads = {name: _names(statement) for name, statement in self.movable.items()}

    def choose(self, chance: random.Random) -> set[str]:
        """Some names, with all that these need."""
        every = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}
        if any(isinstance(node, ast.Global) for node in ast.walk(self.tree)) or (
            every & READS_NAMES or "*" in self.imports or not self.imports
        ):
            return set()
        moved: set[str] = set()
        for name in self.movable:
            if chance.random() < 0.6:
                moved |= self._needed(name)
        code = any(not isinstance(self.movable[name], ast.Assign) for name in moved)
        return moved if code else set()

    def _needed(self, name: str) -> set[str]:
        """A name and those that it needs; nothing if one of them has to stay."""
        found, todo = {name}, [name]
        while todo:
            name = todo.pop()
            if self.bound.count(name) != 1:
                return set()
            for read in self.reads[name] - found:
                if read == "__name__" or (read in self.bound and read not in self.movable):
                    if read not in self.imports or self.bound.count(read) != 1:
                        return set()
                elif read in self.movable:
                    found.add(read)
                    todo.append(read)
        return found

    def place(self) -> int | None:
        """An empty line below the imports, from 0."""
        lines = [
            s.end_lineno or 0 for s in self.tree.body if isinstance(s, ast.Import | ast.ImportFrom)
        ]
        place = max(lines, default=len(self.lines))
        return place if place < len(self.lines) and not self.lines[place].strip() else None

    def used_of(self, moved: set[str]) -> list[str]:
        """What of the moved names those that stay read."""
        gone = [self.movable[name] for name in moved]
        read = [_names(statement) for statement in self.tree.body if statement not in gone]
        return sorted(moved & set().union(*read))

    def cut(self, moved: set[str]) -> tuple[list[str], list[str]]:
        """The lines of both files."""
        here, there = list(self.lines), ["\n"] * len(self.lines)
        needed = set().union(*(self.reads[name] for name in moved)) & self.imports.keys()
        for name in moved:
            for at in _lines(self.movable[name]):
                here[at], there[at] = "\n", self.lines[at]
        stay = [self.imports[name] for name in sorted(needed)]
        stay += [s for s in self.tree.body if isinstance(s, ast.ImportFrom) and _is_future(s)]
        for statement in stay:
            for at in _lines(statement):
                there[at] = self.lines[at]
        return here, there


def _is_future(statement: ast.ImportFrom) -> bool:
    return statement.module == "__future__"


def _lines(statement: ast.stmt) -> Iterable[int]:
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(item.lineno for item in decorators)])
    return range(first - 1, statement.end_lineno or first)


def _names(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _bound_in(statement: ast.stmt) -> list[str]:
    found = []
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.append(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.append(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                found += [(a.asname or a.name).partition(".")[0] for a in aliases]
    return found


def new_names(files: Files, chance: random.Random) -> dict[str, str]:
    """Other names for some modules: for those that can be told from other words."""
    stems = [path.rpartition("/")[2].removesuffix(".py") for path in files]
    text = "\n".join(files.values())
    used = set(re.findall(r"\w+", text))
    free = [word for word in ("aa", "zz", "mm", "b_b", "y_y", "module", "q") if word not in used]
    new = {}
    for stem in stems:
        named = len(re.findall(rf"\b{stem}\b", text))
        means_something = stem.startswith(("__", "test", "conftest", "setup"))
        if free and not means_something and stems.count(stem) == 1 and named == _named(text, stem):
            new[stem] = free.pop(chance.randrange(len(free)))
    return new


def _named(text: str, stem: str) -> int:
    """How often a module is named in an import, or before a dot."""
    after_from = rf"(?:from [\w.]*|import [\w., ]*)\b{stem}\b"
    return len(re.findall(rf"{after_from}|(?<![\w.]){stem}(?=\.)", text))


def moved_to(files: Files, new: dict[str, str]) -> dict[str, str]:
    """The files with modules renamed, in paths and texts."""
    if not new:
        return dict(files)
    words = re.compile(rf"\b({'|'.join(map(re.escape, new))})\b")
    found = {}
    for path, text in files.items():
        folder, _, name = path.rpartition("/")
        stem = name.removesuffix(".py")
        path = f"{folder}/{new.get(stem, stem)}.py".lstrip("/")
        found[path] = words.sub(lambda match: new[match[1]], text)
    return found


def main_in_a_function(files: Files, chance: random.Random) -> Files:
    """What a script does below its guard, in a function that is called there."""
    return {path: _in_a_function(text) for path, text in files.items()}


def _in_a_function(text: str) -> str:
    tree = ast.parse(text)
    guard = tree.body[-1] if tree.body else None
    match guard:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__")), orelse=[], body=block):
            bound = set(_bound_in(guard))
        case _:
            return text
    others = set().union(*(_names(statement) for statement in tree.body[:-1]))
    others |= {n for s in tree.body[:-1] for n in _bound_in(s)}
    defines = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.Global)
    if bound & others or any(isinstance(node, defines) for node in ast.walk(guard)):
        return text
    if guard.lineno == block[0].lineno:
        return text
    rows = text.splitlines(keepends=True)
    head = rows[guard.lineno - 1]
    rows[guard.lineno - 1] = "def everything():\n"
    return f"{''.join(rows)}\n\n{head}    everything()\n"


def main_below_the_guard(files: Files, chance: random.Random) -> Files:
    """What a function does that is called below the guard only, there itself."""
    return {path: _below_the_guard(text) for path, text in files.items()}


def _below_the_guard(text: str) -> str:
    tree = ast.parse(text)
    match tree.body[-2:]:
        case [
            ast.FunctionDef(name=name, decorator_list=[], body=block) as function,
            ast.If(test=ast.Compare(left=ast.Name(id="__name__")), orelse=[]) as guard,
        ] if len(guard.body) == 1 and ast.unparse(guard.body[0]) == f"{name}()":
            pass
        case _:
            return text
    args = function.args
    leaves = (ast.Return, ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.Global, ast.Yield)
    inside = [node for statement in block for node in ast.walk(statement)]
    if args.args or args.vararg or args.kwarg or args.kwonlyargs:
        return text
    if (
        any(isinstance(node, leaves) for node in inside)
        or len(re.findall(rf"\b{name}\b", text)) > 2
    ):
        return text
    bound = {found for statement in block for found in _bound_in(statement)}
    if bound & _globals_of(symtable.symtable(text, "program", "exec"), name):
        return text
    rows = text.splitlines(keepends=True)
    head = rows[guard.lineno - 1]
    rows[function.lineno - 1] = head
    return "".join(rows[: guard.lineno - 1])


def _globals_of(table: symtable.SymbolTable, left_out: str) -> set[str]:
    """The names of the module that its functions read, and those it binds."""
    found = {
        s.get_name() for s in table.get_symbols() if s.is_global() or table.get_type() == "module"
    }
    for inner in table.get_children():
        if inner.get_name() != left_out:
            found |= _globals_of(inner, left_out)
    return found
