"""What an expression can be: the abstract values that the solver moves around.

Values are interned: two that mean the same are the same object, so sets of them are cheap. An empty
set and a set with UNKNOWN in it both mean "something we do not know".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from msgspec import Struct

from mplint.catalog import Kind, Library
from mplint.model import facts as f


class Site(Struct, frozen=True):
    """A numbered expression or step of a file."""

    path: Path
    at: int


Context: TypeAlias = tuple[Site, ...]
"""Through which calls an activation was reached, innermost first; empty where that is not told
apart."""


class Value(Struct, frozen=True, eq=False):
    """Anything an expression can be."""


class _Unknown(Value, frozen=True, eq=False):
    """May be anything."""


class _Data(Value, frozen=True, eq=False):
    """Plain data that nobody follows: a number, a text, a result of arithmetic."""


class Literal(Value, frozen=True, eq=False):
    """A constant of the source."""

    value: Any


class Named(Value, frozen=True, eq=False):
    """A thing of another library, by its dotted name. For `ctx.Queue`, `context` is `ctx`."""

    path: str
    context: Made | None = None


class ModuleRef(Value, frozen=True, eq=False):
    """A module of the project."""

    path: Path


class Deferred(Value, frozen=True, eq=False):
    """A name of a module of the project that has not been needed so far, so not been read."""

    path: Path
    name: str


class FunctionRef(Value, frozen=True, eq=False):
    """A function of the project; with `receiver`, a method bound to it. `outer` is the activation
    in which a nested function was defined."""

    path: Path
    scope: f.Scope
    outer: Activation | None
    receiver: Value | None = None

    @property
    def name(self) -> str:
        return self.scope.qualified_name


class ClassRef(Value, frozen=True, eq=False):
    """A class of the project."""

    path: Path
    scope: f.Scope
    outer: Activation | None

    @property
    def name(self) -> str:
        return self.scope.qualified_name


class Instance(Value, frozen=True, eq=False):
    """An object of a project's class; `site` is where it is made, where that is told apart."""

    cls: ClassRef
    site: Site | None


class Super(Value, frozen=True, eq=False):
    """`super()` in a method of `cls`, for `receiver`."""

    cls: ClassRef
    receiver: Value


class Made(Value, frozen=True, eq=False):
    """An object that the model follows: a queue, a process, a pool. One value stands for all
    objects that are made at `site` in `context`; `part` tells the two ends of a pipe apart."""

    kind: Kind
    library: Library | None
    site: Site
    context: Context
    part: int = 0
    of: Made | None = None  # the manager or the context it was made by
    given: bool = False  # not made here: known from an annotation only


class Container(Value, frozen=True, eq=False):
    """A list, tuple, dict, set, iterator or generator object."""

    shape: str
    site: Site
    context: Context


class Bound(Value, frozen=True, eq=False):
    """A method of a followed object or a container, not called yet: `q.get`."""

    receiver: Value
    name: str


class Partial(Value, frozen=True, eq=False):
    """`functools.partial(function, ...)`."""

    site: Site
    context: Context


UNKNOWN = _Unknown()
DATA = _Data()

Values: TypeAlias = frozenset[Value]
NOTHING: Values = frozenset()
JUST_UNKNOWN: Values = frozenset({UNKNOWN})
JUST_DATA: Values = frozenset({DATA})


class Activation(Struct, frozen=True, eq=False):
    """A function, module or class body as it runs in one context. Variables belong to it."""

    path: Path
    scope: f.Scope
    outer: Activation | None
    context: Context = ()

    def __repr__(self) -> str:
        return f"<{self.path.name}:{self.scope.qualified_name}{list(self.context) or ''}>"


V = TypeVar("V", bound=Value)


class Interner:
    """Makes each value once."""

    def __init__(self) -> None:
        self._values: dict[tuple[Any, ...], Any] = {}

    def __call__(self, cls: type[V], *arguments: Any) -> V:
        key = (cls, *arguments)
        if cls is Literal:
            key = (cls, type(arguments[0]), *arguments)  # 1, 1.0 and True are different
        value = self._values.get(key)
        if value is None:
            value = self._values[key] = cls(*arguments)
        return value

    def all_of(self, cls: type[V]) -> list[V]:
        """The values of a class."""
        return [value for value in self._values.values() if type(value) is cls]

    def activation(self, *arguments: Any) -> Activation:
        key = (Activation, *arguments)
        value = self._values.get(key)
        if value is None:
            value = self._values[key] = Activation(*arguments)
        return value


def sort_key(value: Value) -> str:
    """A stable text to sort values by."""
    match value:
        case Made(site=site, part=part, of=of):
            return f"{site.path}:{site.at}:{part}" + (f":{sort_key(of)}" if of else "")
        case Instance(cls=cls, site=at):
            return f"{cls.path}:{cls.scope.at}:{at.at if at else ''}"
        case Super(receiver=receiver):
            return sort_key(receiver)
        case FunctionRef(path=path, scope=scope) | ClassRef(path=path, scope=scope):
            return f"{path}:{scope.at:08}"
        case Container(shape=shape, site=site):
            return f"{site.path}:{site.at:08}:{shape}"
        case Partial(site=site):
            return f"{site.path}:{site.at:08}"
        case Literal(value=constant):
            return repr(constant)
        case Named(path=name, context=context):
            return f"{name}:{sort_key(context)}" if context else name
    return ""
