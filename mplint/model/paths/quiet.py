"""Functions of files that are read but not followed: which of them cannot raise on ordinary data.

A program draws in the files that have to do with processes. A helper in another one, such as one
that logs or takes the time, is judged by what it says, name by name; what is not plainly harmless
counts as something that may raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mplint.catalog import python
from mplint.model import facts as f
from mplint.model.loading.names import bases, scan_imports

if TYPE_CHECKING:
    from mplint.model.program import Program
    from mplint.model.solving.solve import Loader
    from mplint.model.values import Activation

NAMED_TUPLES = frozenset({"collections.namedtuple", "typing.NamedTuple"})

MAX_DEPTH = 5
"""Functions that call functions; deeper ones are not looked at, and may raise."""

CATCH_ALL = frozenset({"Exception", "BaseException"})
HARMLESS_BASES = frozenset({"object", "abc.ABC", "typing.Generic", "typing.Protocol"})
HARMLESS_DECORATORS = frozenset({"dataclasses.dataclass", "functools.cache", "functools.lru_cache"})
CALLED = frozenset({"__new__", "__init__", "__post_init__", "__enter__"})
"""Methods that run when an object is made, or used in a `with` at once."""


def is_quiet(path: str) -> bool:
    """Whether a function of a library is known not to raise on ordinary data."""
    module, _, last = path.rpartition(".")
    if path.startswith(python.NAMED_TUPLE):
        return True  # it takes any values
    if path in python.QUIET or path.partition(".")[0] in python.QUIET_MODULES:
        return True
    return bool(module) and last in python.QUIET_METHODS


def is_quick(path: str) -> bool:
    """Whether a function of a library is known to neither raise nor wait."""
    return path in python.QUIET and path != "time.sleep"


def is_quick_call(program: Program, activation: Activation, at: int) -> bool:
    """Whether a call is of such a function, and not of one of the program's or of one that is not
    known. What it does to followed objects is another question."""
    place = (activation, at)
    if program.callees_at.get(place) or place in program.record.unknown:
        return False
    path = program.record.externals.get(place)
    return path is None or is_quick(path)


class Quiet:
    """Judges functions and classes by their modules and names. Answers are kept."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader
        self._known: dict[tuple[Path, str], bool] = {}
        self._depth = 0

    def call(self, path: Path, name: str) -> bool:
        """Whether calling what a module of the project binds to a name certainly raises nothing.
        For a class, neither does entering its object in a `with`."""
        key = (path, name)
        if key not in self._known:
            self._known[key] = False  # a function that calls itself may not end
            if self._depth < MAX_DEPTH:
                self._depth += 1
                self._known[key] = self._judge(path, name)
                self._depth -= 1
        return self._known[key]

    def _judge(self, path: Path, name: str) -> bool:
        code = self.loader.code(path)
        if code is None or is_loud(code, name):
            return False
        facts = self.loader.facts(path)
        if facts is None:
            return False
        bound = list(_bindings(facts.module.body, name))
        if len(bound) != 1:
            return False
        match bound[0]:
            case f.Define(scope=scope, decorators=decorators):
                reader = _Reader(self, path, facts, facts.scopes[scope])
                return reader.harmless(decorators) and reader.defined()
            case f.Bind(value=f.Imported() as imported):
                return self.imported(path, imported)
            case f.Bind(targets=(f.Name(),), value=f.Name(id=other), operator=None):
                return self.call(path, other)
            case f.Bind(targets=(f.Name(),), value=f.Call(function=maker), operator=None):
                reader = _Reader(self, path, facts, facts.module)
                return reader.named(maker) in NAMED_TUPLES  # it takes any values
        return False

    def imported(self, path: Path, imported: f.Imported, rest: str = "") -> bool:
        """The same for an imported name; `rest` is what is taken from it, such as ".sleep"."""
        found = self.loader.resolve(path, imported.module, imported.name, imported.level)
        if found.path is None:
            return is_quiet(f"{found.name}{rest}")
        if found.name is None:
            return rest.count(".") == 1 and self.call(found.path, rest[1:])
        return not rest and self.call(found.path, found.name)


_RAISING = re.compile(rb"\b(?:raise|assert|yield|await)\b")
_ATTRIBUTE = re.compile(
    rb"(?<![\w)\].])(?P<root>[\w)\]]+)(?P<rest>(?:\s*\.\s*\w+)+)\s*(?P<call>\(?)"
)


def is_loud(code: bytes, name: str) -> bool:
    """Whether the bytes of a module, without comments and strings, show already that what it calls
    by a name may raise: most helpers may, and a syntax tree costs a thousand times as much."""
    word = re.escape(name.encode())
    found = re.search(
        rb"^(?:async[ \t]+)?def[ \t]+%s\b.*?(?=^[^\s)\]}]|\Z)" % word, code, re.M | re.S
    )
    if found is None:
        return _has_loud_bases(code, name)
    body = found[0]
    if body.startswith(b"async"):
        return True
    if b"except" in body:
        return False
    if _RAISING.search(body):
        return True
    known = {item.bound.encode() for item in scan_imports(code)}
    known.update(re.findall(rb"^(?:def[ \t]+|class[ \t]+)?(\w+)", code, re.M))
    for match in _ATTRIBUTE.finditer(body):
        root, method = match["root"], match["rest"].rpartition(b".")[2].strip().decode()
        if match["call"] and root not in known and not root.endswith(b")"):
            if method not in python.QUIET_METHODS:
                return True
    return False


def _has_loud_bases(code: bytes, name: str) -> bool:
    """The same for a class: one with other bases than harmless ones is not read at all."""
    harmless = {item.bound for item in scan_imports(code) if item.module in ("abc", "typing")}
    return any(base not in {"object", *harmless} for base in bases(code, name))


class _Reader:
    """Reads one function or class."""

    def __init__(self, quiet: Quiet, path: Path, facts: f.FileFacts, scope: f.Scope) -> None:
        self.quiet = quiet
        self.path = path
        self.facts = facts
        self.scope = scope

    def defined(self) -> bool:
        scope = self.scope
        if scope.kind == "function":
            return not (scope.is_async or scope.is_generator) and self._block(scope.body)
        if any(not self._is_named(base, HARMLESS_BASES) for base in scope.arguments):
            return False
        methods = [step for step in f.steps(scope.body) if isinstance(step, f.Define)]
        return all(
            not step.decorators
            and _Reader(self.quiet, self.path, self.facts, self.facts.scopes[step.scope]).defined()
            for step in methods
            if step.name in CALLED
        )

    def harmless(self, decorators: tuple[f.Expr, ...]) -> bool:
        names = [d.function if isinstance(d, f.Call) else d for d in decorators]
        return all(self.named(name) in HARMLESS_DECORATORS for name in names)

    def _is_named(self, base: f.Argument, names: frozenset[str]) -> bool:
        value = base.value.value if isinstance(base.value, f.Subscript) else base.value
        return base.keyword is None and self.named(value) in names

    def _block(self, block: f.Block) -> bool:
        return all(self._step(step) for step in block)

    def _step(self, step: f.Step) -> bool:
        match step:
            case f.Assert() | f.Leave(kind="raise"):
                return False
            case f.Forget(targets=targets) if any(not isinstance(t, f.Name) for t in targets):
                return False
            case f.Bind(targets=targets, value=f.Call()) if any(
                isinstance(target, f.Display) for target in targets
            ):
                return False  # `a, b = text.split()`
            case f.Try(body=body, handlers=handlers):
                caught = any(h.type is None or self.named(h.type) in CATCH_ALL for h in handlers)
                rest = [block for block in f.blocks(step) if block is not body]
                return (caught or self._block(body)) and all(self._block(b) for b in rest)
        return all(self._expression(e) for e in f.expressions(step)) and all(
            self._block(block) for block in f.blocks(step)
        )

    def _expression(self, expression: f.Expr) -> bool:
        match expression:
            case f.Await() | f.Yield():
                return False
            case f.Call(function=function):
                if not self._call(function, expression):
                    return False
        return all(self._expression(part) for part in f.parts(expression))

    def _call(self, function: f.Expr, call: f.Call) -> bool:
        rest = ""
        base = function
        while isinstance(base, f.Attribute):
            rest = f".{base.name}{rest}"
            base = base.value
        bound = self._bound(base.id) if isinstance(base, f.Name) else []
        match bound:
            case [f.Bind(value=f.Imported() as imported)]:
                return self.quiet.imported(self.path, imported, rest)
            case [f.Define(name=name)] if not rest:
                return self.quiet.call(self.path, name)
        if rest:
            name = rest.rpartition(".")[2]
            if self._is_super(base):
                return True  # a class with other bases than harmless ones is not read at all
            return name in python.QUIET_METHODS
        return (
            isinstance(base, f.Name)
            and not bound
            and base.id not in self._locals()
            and base.id in python.QUIET
            and (base.id not in python.CONVERSIONS or not call.arguments)
        )

    def _is_super(self, base: f.Expr) -> bool:
        return (
            isinstance(base, f.Call)
            and isinstance(base.function, f.Name)
            and base.function.id == "super"
        )

    def named(self, expression: f.Expr) -> str:
        """The dotted name of what a library or Python has; empty for anything else."""
        match expression:
            case f.Attribute(value=value, name=name):
                inner = self.named(value)
                return f"{inner}.{name}" if inner else ""
            case f.Name(id=name):
                bound = self._bound(name)
                if not bound:
                    return name if name not in self._locals() else ""
                match bound:
                    case [f.Bind(value=f.Imported() as i)]:
                        found = self.quiet.loader.resolve(self.path, i.module, i.name, i.level)
                        return found.name or "" if found.path is None else ""
        return ""

    def _bound(self, name: str) -> list[f.Step]:
        """What binds a name, or the one that it is another name for."""
        found = self._bound_here(name)
        for _ in range(MAX_DEPTH):
            match found:
                case [f.Bind(targets=(f.Name(),), value=f.Name(id=other), operator=None)]:
                    found = self._bound_here(other) or found
        return found

    def _bound_here(self, name: str) -> list[f.Step]:
        """What binds a name, in the function or else in its module."""
        if self.scope.kind == "module":
            return list(_bindings(self.scope.body, name))
        if name not in self.scope.bound or name in self.scope.global_names:
            return list(_bindings(self.facts.module.body, name))
        return list(_bindings(self.scope.body, name)) if self.scope.kind == "function" else []

    def _locals(self) -> frozenset[str]:
        return self.scope.bound if self.scope.kind == "function" else frozenset()


def _bindings(block: f.Block, name: str) -> Iterator[f.Step]:
    """The steps of a block that bind a name."""
    for step in f.steps(block):
        match step:
            case f.Define(name=defined) if defined == name:
                yield step
            case f.Bind(targets=targets):
                leaves = [leaf for target in targets for leaf in f.leaves(target)]
                if any(isinstance(leaf, f.Name) and leaf.id == name for leaf in leaves):
                    yield step
            case f.For(target=target) if _binds(target, name):
                yield step
            case f.With(items=items) if any(t is not None and _binds(t, name) for _, t in items):
                yield step


def _binds(target: f.Expr, name: str) -> bool:
    return any(isinstance(leaf, f.Name) and leaf.id == name for leaf in f.leaves(target))
