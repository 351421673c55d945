"""Programs written differently that mean the same. No line moves, unless it says so.

A program is its files: what is in them, by their paths in the project.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import keyword
import random
import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import TypeAlias, cast

import libcst as cst
from libcst import matchers as m

from mplint.catalog import LIBRARIES

Files: TypeAlias = Mapping[str, str]

# Names --------------------------------------------------------------------------------------------

MISLEADING = (
    *("queue", "lock", "pool", "process", "event", "manager", "result", "worker", "thread", "mp"),
    *("item", "data", "main", "work", "start", "stop", "done", "sentinel", "daemon", "conn", "x"),
    *("barrier", "value", "array", "executor", "future", "pipe", "log", "config", "setup", "self"),
)
"""Names that suggest something: a model that listens to names is misled."""

_MODULES = """
abc argparse array ast asyncio asyncio.base_events atexit base64 bisect builtins cmd code
collections collections.abc concurrent.futures concurrent.futures.process configparser
contextlib copy csv ctypes dataclasses datetime decimal email.message enum fractions functools
gc gzip hashlib heapq html.parser http.client http.server importlib inspect io itertools json
logging logging.handlers math mmap multiprocessing multiprocessing.connection
multiprocessing.context multiprocessing.managers multiprocessing.pool multiprocessing.process
multiprocessing.queues multiprocessing.shared_memory multiprocessing.sharedctypes
multiprocessing.synchronize multiprocessing.util numbers operator os pathlib pickle platform
pprint queue random re sched secrets select selectors shelve shutil signal socket socketserver
sqlite3 ssl statistics string struct subprocess sys tempfile textwrap threading time timeit
tokenize traceback types typing unittest unittest.mock urllib.parse urllib.request uuid warnings
weakref xml.etree.ElementTree zipfile zlib
"""

_FIXTURES = ("tmp_path", "monkeypatch", "capsys", "caplog", "request")
FIXED = frozenset((*dir(builtins), *keyword.kwlist, *keyword.softkwlist, "_", *_FIXTURES))
READS_NAMES = frozenset(
    ("locals", "globals", "vars", "eval", "exec", "getattr", "setattr", "delattr", "dir")
)


@cache
def known_attributes() -> frozenset[str]:
    """What the language and its library call attributes, which therefore mean something."""
    found: set[str] = set()
    for module in _MODULES.split():
        for name, value in vars(importlib.import_module(module)).items():
            found.add(name)
            if inspect.isclass(value):
                found.update(dir(value))
    return frozenset(found)


class _Words(cst.CSTVisitor):
    """The words of a program, by what they are used for."""

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.members: set[str] = set()  # bound in a class, or by `x.name = …`
        self.imported: set[str] = set()
        self.attributes: set[str] = set()
        self.keywords: set[str] = set()
        self.parameters: set[str] = set()
        self.said: set[str] = set()  # in texts, and in patterns
        self.names: set[str] = set()
        self.in_class = [False]

    def bind(self, node: cst.CSTNode) -> None:
        match node:
            case cst.Name(value=name):
                self.bound.add(name)
                if self.in_class[-1]:
                    self.members.add(name)
            case cst.Attribute(attr=attribute):
                self.members.add(attribute.value)
            case cst.Tuple(elements=elements) | cst.List(elements=elements):
                for element in elements:
                    self.bind(element.value)

    def visit_Name(self, node: cst.Name) -> None:
        self.names.add(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> None:
        self.attributes.add(node.attr.value)

    def visit_Arg(self, node: cst.Arg) -> None:
        if node.keyword is not None:
            self.keywords.add(node.keyword.value)

    def visit_Param(self, node: cst.Param) -> None:
        self.bound.add(node.name.value)
        self.parameters.add(node.name.value)

    def visit_AssignTarget(self, node: cst.AssignTarget) -> None:
        self.bind(node.target)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self.bind(node.target)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self.bind(node.target)

    def visit_For(self, node: cst.For) -> None:
        self.bind(node.target)

    def visit_CompFor(self, node: cst.CompFor) -> None:
        self.bind(node.target)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self.bind(node.target)

    def visit_AsName(self, node: cst.AsName) -> None:
        self.bind(node.name)

    def visit_MatchAs(self, node: cst.MatchAs) -> None:
        if node.name is not None:
            self.bind(node.name)

    def visit_MatchStar(self, node: cst.MatchStar) -> None:
        if node.name is not None:
            self.bind(node.name)

    def visit_MatchKeywordElement(self, node: cst.MatchKeywordElement) -> None:
        self.said.add(node.key.value)

    def visit_Del(self, node: cst.Del) -> None:
        self.bind(node.target)

    def visit_ImportAlias(self, node: cst.ImportAlias) -> bool:
        if isinstance(node.name, cst.Attribute):
            self.said.update(dotted(node.name).split("."))
        name = node.evaluated_alias or node.evaluated_name
        if name.isidentifier():
            self.imported.add(name)
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return not is_future(node)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.bind(node.name)
        self.in_class.append(False)

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self.in_class.pop()

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.bind(node.name)
        self.in_class.append(True)

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        self.in_class.pop()

    def visit_Expr(self, node: cst.Expr) -> bool:
        return not isinstance(node.value, cst.SimpleString)  # text for people

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        words = [word for word in re.split(r"[\s,.]+", str(node.evaluated_value)) if word]
        if all(word.isidentifier() for word in words):
            self.said.update(words)


def words_of(files: Files) -> _Words:
    words = _Words()
    for text in files.values():
        cst.parse_module(text).visit(words)
    return words


def dotted(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)


def is_future(node: cst.ImportFrom) -> bool:
    return m.matches(node, m.ImportFrom(module=m.Name("__future__")))


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def has_stars(files: Files) -> bool:
    return any("import *" in text for text in files.values())


def renameable(files: Files) -> list[str]:
    """The names that a program gives itself and nobody else knows."""
    words = words_of(files)
    if words.names & READS_NAMES or has_stars(files):
        return []
    fixed = FIXED | words.said | (words.keywords & (words.parameters | words.members))
    fixed |= {piece for path in files for piece in module_name(path).split(".")}
    known = (words.attributes | words.members) & known_attributes()
    return sorted(
        name
        for name in (words.bound | words.members | words.imported) - fixed - known
        if not name.startswith(("__", "pytest"))
        and not name.lower().startswith("test")
        and not get_close_matches(name, ["daemon"])  # which is a finding for how it is spelt
    )


class _Rename(cst.CSTTransformer):
    def __init__(self, names: Mapping[str, str], is_own: Callable[[cst.ImportFrom], bool]) -> None:
        self.new = names
        self.is_own = is_own
        self.own_import = False

    def visit_SimpleString(self, node: cst.SimpleString) -> bool:
        return False

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        return updated_node.with_changes(
            value=self.new.get(original_node.value, original_node.value)
        )

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        self.own_import = self.is_own(node)

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom:
        self.own_import = False
        return updated_node.with_changes(module=original_node.module)

    def leave_ImportAlias(
        self, original_node: cst.ImportAlias, updated_node: cst.ImportAlias
    ) -> cst.ImportAlias:
        old = original_node.name
        if self.own_import:
            return updated_node
        asname = updated_node.asname
        if asname is None and isinstance(old, cst.Name) and old.value in self.new:
            asname = as_name(self.new[old.value])
        return updated_node.with_changes(name=old, asname=asname)


def as_name(name: str) -> cst.AsName:
    space = cst.SimpleWhitespace(" ")
    return cst.AsName(cst.Name(name), whitespace_before_as=space, whitespace_after_as=space)


def rename(files: Files, chance: random.Random) -> Files:
    """Some of the names that a program gives itself become others, all over it."""
    used = set(re.findall(r"\w+", " ".join(files.values())))
    free = [f"{word}{end}" for end in ("", "_1", "_2", "_3") for word in MISLEADING]
    free = [word for word in free if word not in used]
    names: dict[str, str] = {}
    for name in renameable(files):
        if chance.random() < 0.5 and free:
            hidden = name[: len(name) - len(name.lstrip("_"))]
            names[name] = hidden + free.pop(chance.randrange(min(len(free), 40)))
    modules = {module_name(path) for path in files}

    def is_own(node: cst.ImportFrom) -> bool:
        module = dotted(node.module) if node.module is not None else ""
        inside = (name == module or name.endswith(f".{module}") for name in modules)
        return bool(node.relative) or any(inside)

    return {
        path: cst.parse_module(text).visit(_Rename(names, is_own)).code
        for path, text in files.items()
    }


# Imports ------------------------------------------------------------------------------------------


def same_lines(text: str, transformer: cst.CSTTransformer) -> str:
    """A changed file, or the file as it was where the change would move lines."""
    changed = cst.parse_module(text).visit(transformer).code
    return changed if changed.count("\n") == text.count("\n") else text


class _Rebind(cst.CSTTransformer):
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return False

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        *before, last = updated_node.body
        if not isinstance(last, cst.Import | cst.ImportFrom) or self.chance.random() < 0.3:
            return updated_node
        if isinstance(last.names, cst.ImportStar):
            return updated_node
        if isinstance(last, cst.ImportFrom) and is_future(last):
            return updated_node
        names: list[cst.ImportAlias] = []
        after: list[cst.BaseSmallStatement] = []
        for alias in last.names:
            if isinstance(alias.name, cst.Attribute) and alias.asname is None:
                return updated_node
            bound = alias.evaluated_alias or alias.evaluated_name
            other = f"other_{bound.strip('_')}"
            names.append(alias.with_changes(asname=as_name(other)))
            after.append(assign(bound, cst.Name(other)))
        return updated_node.with_changes(body=[*before, last.with_changes(names=names), *after])


def assign(name: str, value: cst.BaseExpression) -> cst.Assign:
    return cst.Assign([cst.AssignTarget(cst.Name(name))], value)


def imports_by_another_name(files: Files, chance: random.Random) -> Files:
    """`import queue` becomes `import queue as other; queue = other`."""
    return {path: same_lines(text, _Rebind(chance)) for path, text in files.items()}


class _Spell(cst.CSTTransformer):
    """Names become what is written for them, and `from` imports imports of modules."""

    def __init__(self, names: Mapping[str, str], imports: Mapping[str, str]) -> None:
        self.spelt = names
        self.imports = imports

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.BaseSmallStatement:
        line = self.imports.get(dotted(original_node))
        if line is None:
            return updated_node
        return cast("cst.SimpleStatementLine", cst.parse_statement(line)).body[0]

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        return updated_node.with_changes(attr=original_node.attr)

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    def leave_Param(self, original_node: cst.Param, updated_node: cst.Param) -> cst.Param:
        return updated_node.with_changes(name=original_node.name)

    def leave_MatchKeywordElement(
        self, original_node: cst.MatchKeywordElement, updated_node: cst.MatchKeywordElement
    ) -> cst.MatchKeywordElement:
        return updated_node.with_changes(key=original_node.key)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        text = self.spelt.get(updated_node.value)
        if text is None:
            return updated_node
        spelt = cst.parse_expression(text)
        return spelt.with_changes(lpar=updated_node.lpar, rpar=updated_node.rpar)


def spell(text: str, names: Mapping[str, str], imports: Mapping[str, str]) -> str | None:
    """A file in which imported names are written otherwise; None where one of them is somebody
    else's as well."""
    words = words_of({"": text})
    if names.keys() & (words.bound | words.members | words.said):
        return None
    if any(name in item for item in re.findall(r"(?:global|nonlocal) .*", text) for name in names):
        return None
    changed = cst.parse_module(text).visit(_Spell(names, imports)).code
    return changed if changed.count("\n") == text.count("\n") else None


_KNOWN = {
    *(library.root for library in LIBRARIES),
    *("multiprocessing.pool", "multiprocessing.managers", "multiprocessing.shared_memory"),
    *("multiprocessing.connection", "multiprocessing.queues", "multiprocessing.context"),
    *("multiprocessing.synchronize", "multiprocessing.process", "multiprocessing.sharedctypes"),
    *("queue", "os", "time", "signal", "functools", "contextlib", "logging", "random", "socket"),
}
_SUBMODULES = frozenset(
    (
        "pool",
        "managers",
        "shared_memory",
        "connection",
        "queues",
        "context",
        "synchronize",
        "process",
        "sharedctypes",
        "thread",
        "dummy",
        "reduction",
        "resource_tracker",
        "util",
        "futures",
        "path",
        "handlers",
    )
)


def imports_of_modules(files: Files, chance: random.Random) -> Files:
    """`from multiprocessing import Queue` becomes `import multiprocessing as library`, and each
    `Queue` then `library.Queue`."""
    return {path: _whole_modules(text, chance) for path, text in files.items()}


def _whole_modules(text: str, chance: random.Random) -> str:
    names: dict[str, str] = {}
    imports: dict[str, str] = {}
    bound: list[str] = []
    for node in m.findall(cst.parse_module(text), m.ImportFrom()):
        assert isinstance(node, cst.ImportFrom)
        if isinstance(node.names, cst.ImportStar) or node.module is None or node.relative:
            continue
        pairs = {a.evaluated_alias or a.evaluated_name: a.evaluated_name for a in node.names}
        bound += pairs
        module = dotted(node.module)
        if module not in _KNOWN or set(pairs.values()) & _SUBMODULES or chance.random() < 0.2:
            continue
        alias = f"library_{module.replace('.', '_')}"
        imports[dotted(node)] = f"import {module} as {alias}"
        names |= {name: f"{alias}.{original}" for name, original in pairs.items()}
    if any(bound.count(name) != 1 for name in names):
        return text  # two imports of a name, one of which stands in a `try` perhaps
    return spell(text, names, imports) or text


# Statements ---------------------------------------------------------------------------------------

Lines: TypeAlias = Callable[[str, int], int]
"""Where a line of a file is afterwards."""

NOISE = (
    "# get() waits for ever here: q.get(5), Process(target=lambda: 0)",
    "",
    "pass",
    "...",
    "'Says nothing.'",
    '"""Several\nlines."""',
)
LOCAL_NOISE = (
    *NOISE,
    "unrelated = 1",
    "unrelated: list[int] = []",
    "if False:\n    pass",
    "unrelated = None, ()",
)
MODULE_NOISE = (
    *LOCAL_NOISE,
    "class Unrelated:\n    kept = [1, 2]\n\n    def own(self, x):\n        return x",
    "def unrelated(x, *rest, **more):\n    return [y for y in rest if y in more] or x",
    "unrelated = lambda x: x + 1",
    "import textwrap as unrelated",
    "from functools import cached_property as unrelated",
    "@(lambda function: function)\nclass Unrelated:\n    def get(self):\n        return self",
    "class Unrelated:\n    def start(self):\n        self.started = True\n\n"
    "    def join(self, timeout=None):\n        self.started = False",
    "async def unrelated(queue):\n    return await queue.get(5)",
)


def insert(files: Files, chance: random.Random) -> tuple[Files, Lines]:
    """Lines that do nothing come in between, and move the others."""
    changed, moves = {}, {}
    for path, text in files.items():
        changed[path], moves[path] = _insert(text, chance)
    return changed, lambda path, line: moves[path][line]


def _insert(text: str, chance: random.Random) -> tuple[str, dict[int, int]]:
    lines = text.splitlines(keepends=True)
    before: dict[int, str] = {}

    def visit(body: list[ast.stmt], noise: tuple[str, ...]) -> None:
        for statement in body:
            decorators = getattr(statement, "decorator_list", [])
            first = min([statement.lineno, *(item.lineno for item in decorators)])
            line = lines[first - 1]
            indentation = line[: len(line) - len(line.lstrip())]
            # neither after a `;` or `else:`, nor before an `elif`
            begins = len(indentation.encode()) == statement.col_offset
            if begins and not line.lstrip().startswith("elif") and chance.random() < 0.25:
                said = chance.choice(noise).split("\n")
                before[first] = "".join(f"{indentation}{line}".rstrip() + "\n" for line in said)
            inner = noise
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = LOCAL_NOISE
                if all(map(_says_nothing, statement.body)):
                    continue  # it is there to be overridden, and with a line more it is not
            elif isinstance(statement, ast.ClassDef):
                inner = NOISE
            for block in blocks(statement):
                visit(block, inner)

    body = ast.parse(text).body
    future = [isinstance(s, ast.ImportFrom) and s.module == "__future__" for s in body]
    visit(body[len(body) - future[::-1].index(True) if any(future) else 1 :], MODULE_NOISE)
    moves, out, extra = {}, [], 0
    for number, line in enumerate(lines, 1):
        out += [before.get(number, ""), line]
        extra += before.get(number, "").count("\n")
        moves[number] = number + extra
    return "".join(out), moves


def _says_nothing(statement: ast.stmt) -> bool:
    text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return text or isinstance(statement, ast.Pass | ast.Raise)


def blocks(statement: ast.stmt) -> Iterable[list[ast.stmt]]:
    """The blocks inside a statement."""
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, [])
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body


ALIKE = (
    *("while", "range", "parentheses", "annotations", "return", "declare", "increment"),
    *("argument", "receiver"),
)


def alike(files: Files, chance: random.Random, which: Iterable[str] = ALIKE) -> Files:
    """Some statements and expressions become others that do the same."""
    return {
        path: same_lines(text, _Alike(chance, frozenset(which))) for path, text in files.items()
    }


class _Alike(cst.CSTTransformer):
    def __init__(self, chance: random.Random, which: frozenset[str]) -> None:
        self.chance, self.which = chance, which
        self.count = 0
        self.outside: list[set[str]] = []  # what each function around declares to be not its own
        self.in_class = [False]

    def yes(self, which: str) -> bool:
        return which in self.which and self.chance.random() < 0.5

    def fresh(self) -> str:
        self.count += 1
        return f"held_{self.count}"

    def leave_While(self, original_node: cst.While, updated_node: cst.While) -> cst.While:
        if m.matches(updated_node.test, m.Name("True")) and self.yes("while"):
            return updated_node.with_changes(test=cst.Integer("1"))
        return updated_node

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        node, args = updated_node, updated_node.args
        if m.matches(node, m.Call(func=m.Name("range"), args=[m.Arg()])) and self.yes("range"):
            comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            return node.with_changes(args=[cst.Arg(cst.Integer("0"), comma=comma), *args])
        # which script sets a start method is found without a syntax tree
        if "start_method" in dotted(node.func) or not args or args[0].star or args[0].keyword:
            return node
        value = args[0].value
        if not isinstance(value, cst.GeneratorExp | cst.Yield) and self.yes("parentheses"):
            value = value.with_changes(
                lpar=[*value.lpar, cst.LeftParen()], rpar=[*value.rpar, cst.RightParen()]
            )
            return node.with_changes(args=[args[0].with_changes(value=value), *args[1:]])
        return node

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        found = m.findall(node, m.Global() | m.Nonlocal())
        names = {i.name.value for n in found for i in cast("cst.Global | cst.Nonlocal", n).names}
        self.outside.append(names)
        self.in_class.append(False)

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self.outside.pop()
        self.in_class.pop()
        if updated_node.returns is None and self.yes("annotations"):
            return updated_node.with_changes(returns=cst.Annotation(cst.Name("object")))
        return updated_node

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def leave_Param(self, original_node: cst.Param, updated_node: cst.Param) -> cst.Param:
        if updated_node.annotation is None and self.yes("annotations"):
            return updated_node.with_changes(annotation=cst.Annotation(cst.Name("object")))
        return updated_node

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        self.in_class.append(True)

    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef:
        self.in_class.pop()
        return updated_node

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        if self.in_class[-1]:
            return updated_node
        body: list[cst.BaseSmallStatement] = []
        for small in updated_node.body:
            body += self.small(small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT))
        return updated_node.with_changes(body=body)

    def small(self, node: cst.BaseSmallStatement) -> list[cst.BaseSmallStatement]:
        match node:
            case cst.Return(value=cst.BaseExpression() as value) if self.yes("return"):
                name = self.fresh()
                return [assign(name, value), node.with_changes(value=cst.Name(name))]
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name() as target)]) if (
                self.outside
                and not any(target.value in names for names in self.outside)
                and self.yes("declare")
            ):
                annotation = cst.Annotation(cst.Name("object"))
                return [cst.AnnAssign(target, annotation, node.value, equal=cst.AssignEqual())]
            case cst.AugAssign(
                target=target, operator=cst.AddAssign(), value=cst.Integer() as number
            ) if isinstance(target, cst.Name | cst.Attribute) and self.yes("increment"):
                value = cst.BinaryOperation(target, cst.Add(), number)
                return [cst.Assign([cst.AssignTarget(target)], value)]
            case (
                cst.Expr(value=cst.Call() as call)
                | cst.Assign(
                    targets=[cst.AssignTarget(target=cst.Name())], value=cst.Call() as call
                )
            ):
                before, call = self.call(call)
                return [*before, node.with_changes(value=call)]
        return [node]

    def call(self, call: cst.Call) -> tuple[list[cst.BaseSmallStatement], cst.Call]:
        """Names for what a call is of, and for its first argument."""
        before: list[cst.BaseSmallStatement] = []
        func = call.func
        if isinstance(func, cst.Attribute) and isinstance(
            func.value, cst.Attribute | cst.Subscript
        ):
            if not self.yes("receiver"):
                return before, call
            name = self.fresh()
            before.append(assign(name, func.value))
            func = func.with_changes(value=cst.Name(name))
            call = call.with_changes(func=func)
        plain = isinstance(func, cst.Name) or m.matches(func, m.Attribute(value=m.Name()))
        first = call.args[0] if call.args else None
        if plain and first is not None and not first.star and self.yes("argument"):
            if isinstance(first.value, cst.Call | cst.Attribute | cst.Subscript | cst.Tuple):
                name = self.fresh()
                before.append(assign(name, first.value))
                first = first.with_changes(value=cst.Name(name))
                call = call.with_changes(args=[first, *call.args[1:]])
        return before, call
