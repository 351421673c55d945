"""What objects certainly do not have: attributes, methods, parameters; and the nearest right name.

Queues, pipe ends and the module itself are asked about in `interfaces`.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint import catalog
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.values import (
    Activation,
    Bound,
    ClassRef,
    Instance,
    Made,
    Named,
    Site,
    Super,
    Value,
)

if TYPE_CHECKING:
    from mplint.model.program import Program


class Unknown(Struct, frozen=True):
    """Something that is not there: where and how it is written, what it does, the right name."""

    at: Site
    written: str
    effect: str
    instead: str
    made: Site | None


class Members:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    # Attributes and methods ---------------------------------------------------------------------

    def unknown_attribute(self, attribute: f.Attribute, activation: Activation) -> Unknown | None:
        """An attribute that a process, pool, executor, result or lock does not have."""
        values = self.program.values(attribute.value, activation)
        name = attribute.name
        if len(values) != 1 or name.startswith("_"):
            return None
        (value,) = values
        if self._is_set(attribute, activation):
            return self._misspelt(attribute, value, activation)
        if not isinstance(value, Made) or value.kind.role not in _ROLES or value.given:
            return None
        if any(p.name == describe(attribute.value) for p in activation.scope.parameters):
            return None  # what it is depends on callers that may not all be seen
        if not _is_known_library(value) or (value, "spawned") in self.program.solver.cells:
            return None
        known = _members(value.kind)
        if name in known or (value, name) in self.program.solver.cells:
            return None
        if self.program.interfaces.is_prepared(attribute.at, activation):
            return None
        noun = value.kind.noun
        return Unknown(
            Site(activation.path, attribute.at),
            f"{describe(attribute.value)}.{name}",
            f"raises AttributeError: {noun} has no `{name}`",
            _instead(name, value.kind, known),
            value.site,
        )

    def _is_set(self, attribute: f.Attribute, activation: Activation) -> bool:
        step = self.program.outline(activation).step_of(attribute.at)
        return isinstance(step, f.Bind) and any(
            leaf is attribute for target in step.targets for leaf in f.leaves(target)
        )

    def _misspelt(
        self, attribute: f.Attribute, value: Value, activation: Activation
    ) -> Unknown | None:
        """A misspelt `daemon`, which Python lets anybody set, and nobody reads."""
        kind = self.program.solver.kind_of(value)
        name = attribute.name
        if kind is None or kind.role != "process" or kind.family != "process":
            return None
        if name == "daemon" or not get_close_matches(name, ["daemon"], cutoff=0.75):
            return None
        if name in self._read:
            return None
        return Unknown(
            Site(activation.path, attribute.at),
            f"{describe(attribute.value)}.{name}",
            "sets an attribute that nobody reads: the process is no daemon",
            "The name is `daemon`.",
            value.site if isinstance(value, Made) else None,
        )

    @cached_property
    def _read(self) -> set[str]:
        """The names of all attributes that the program reads."""
        found = set()
        for activation in self.program.solver.activations:
            for expression in self.program.outline(activation).expressions.values():
                if isinstance(expression, f.Attribute):
                    if not self._is_set(expression, activation):
                        found.add(expression.name)
        return found

    # Parameters ---------------------------------------------------------------------------------

    def unknown_keyword(self, call: f.Call, activation: Activation) -> Unknown | None:
        """A keyword that a constructor, or a method, does not take."""
        given = [a for a in call.arguments if a.keyword is not None]
        if not given or self.program.interfaces.is_prepared(call.at, activation):
            return None
        taken = self._taken_by_method(call, activation)
        if taken is None:
            taken = self._taken_by_constructor(call, activation)
        if taken is None:
            return None
        names, made = taken
        for argument in given:
            assert argument.keyword is not None
            if argument.keyword not in names:
                return Unknown(
                    Site(activation.path, argument.value.at),
                    f"{describe(call.function)}(…, {argument.keyword}=…)",
                    f"raises TypeError: there is no parameter `{argument.keyword}`",
                    _instead_of_keyword(argument.keyword, names),
                    made,
                )
        return None

    def _taken_by_method(
        self, call: f.Call, activation: Activation
    ) -> tuple[frozenset[str], Site | None] | None:
        operations = self.program.operations_at.get((activation, call.at), ())
        if len(operations) != 1:
            return None
        (operation,) = operations
        receiver = operation.receiver
        if operation.call is not call or not operation.sure or not isinstance(receiver, Made):
            return None
        if not isinstance(call.function, f.Attribute) or call.function.name != operation.name:
            return None  # a function of a library that stands for a method
        if operation.kind.role not in _METHOD_ROLES or not _is_known_library(receiver):
            return None
        if operation.method.tasks == "submit" or receiver.given:
            return None
        more = _MORE_PARAMETERS.get((operation.kind.role, operation.name), frozenset())
        return frozenset(operation.method.parameters) | more, receiver.site

    def _taken_by_constructor(
        self, call: f.Call, activation: Activation
    ) -> tuple[frozenset[str], Site | None] | None:
        kinds = {self._made_by(value) for value in self.program.values(call.function, activation)}
        if len(kinds) != 1:
            return None
        (kind,) = kinds
        names = _CONSTRUCTORS.get(kind.name) if kind is not None else None
        return (names, None) if names is not None else None

    def _made_by(self, function: Value) -> catalog.Kind | None:
        """The kind whose constructor a function certainly is."""
        solver = self.program.solver
        match function:
            case Named(path=path):
                maker = catalog.find(path)
                if isinstance(maker, catalog.Maker) and maker.kind.family == "process":
                    if maker.kind.role == "connection" and not maker.pair:
                        return None  # `Client()` has other parameters than `Pipe()`
                    return maker.kind if _is_known(path) else None
            case ClassRef() as cls:
                if any(
                    (ancestor, name) in solver.cells
                    for ancestor in solver.ancestry(cls)
                    for name in ("__init__", "__new__")
                ):
                    return None
                return self._base_kind(cls)
            case Bound(receiver=receiver, name="__init__"):
                owner = receiver.receiver if isinstance(receiver, Super) else receiver
                if isinstance(owner, Instance):
                    return self._base_kind(owner.cls)
        return None

    def _base_kind(self, cls: ClassRef) -> catalog.Kind | None:
        """The kind of the only library class that a class derives from."""
        named = []
        for ancestor in self.program.solver.ancestry(cls):
            if isinstance(ancestor, Named):
                named.append(ancestor)
            elif not isinstance(ancestor, ClassRef):
                return None
        if len(named) != 1 or self.program.solver.decorations.get(cls.scope):
            return None
        maker = catalog.find(named[0].path)
        if not isinstance(maker, catalog.Maker) or not _is_known(named[0].path):
            return None
        return maker.kind if maker.kind.role == "process" else None


def _is_known_library(made: Made) -> bool:
    if made.kind.family != "process":
        return False
    return made.library is None or made.library.root in _KNOWN


def _is_known(path: str) -> bool:
    found = catalog.library(path)
    return found[0].root in _KNOWN if found is not None else path.startswith("concurrent.futures")


def _members(kind: catalog.Kind) -> frozenset[str]:
    more = _MORE_MEMBERS.get(kind.name, frozenset())
    return frozenset(kind.methods) | kind.attributes | more


def _instead(name: str, kind: catalog.Kind, known: frozenset[str]) -> str:
    usual = _USUAL.get((kind.role, name))
    if usual is not None:
        return usual
    close = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"The nearest name is `{close[0]}`." if close else f"It has: {_listed(known)}."


def _instead_of_keyword(name: str, names: frozenset[str]) -> str:
    for right in _USUAL_KEYWORDS.get(name, ()):
        if right in names:
            return f"The name is `{right}`."
    close = get_close_matches(name, sorted(names), n=1, cutoff=0.6)
    if close:
        return f"The nearest name is `{close[0]}`."
    return f"It takes: {_listed(names)}." if names else "It takes no such thing."


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


_KNOWN = frozenset({"multiprocessing", "torch.multiprocessing"})
"""Libraries whose objects have exactly these members; `billiard` has more."""

_ROLES = frozenset(
    {"process", "pool", "executor", "result", "lock", "event", "condition", "barrier"}
)
_METHOD_ROLES = _ROLES | {"queue", "connection"}

_MORE_MEMBERS = {
    "Future": frozenset({"set_result", "set_exception", "set_running_or_notify_cancel"}),
    "Pool": frozenset({"Process"}),
    "results": frozenset({"close", "send", "throw"}),
}

_MORE_PARAMETERS = {
    ("executor", "map"): frozenset({"timeout", "chunksize", "buffersize"}),
    ("executor", "shutdown"): frozenset({"cancel_futures"}),
}

_CONTEXT = frozenset({"ctx"})
_CONSTRUCTORS = {
    "Process": frozenset({"group", "target", "name", "args", "kwargs", "daemon"}),
    "Pool": frozenset({"processes", "initializer", "initargs", "maxtasksperchild", "context"}),
    "ProcessPoolExecutor": frozenset(
        {"max_workers", "mp_context", "initializer", "initargs", "max_tasks_per_child"}
    ),
    "Queue": _CONTEXT | {"maxsize"},
    "JoinableQueue": _CONTEXT | {"maxsize"},
    "SimpleQueue": _CONTEXT,
    "Connection": frozenset({"duplex"}),
    "Lock": _CONTEXT,
    "RLock": _CONTEXT,
    "Event": _CONTEXT,
    "Semaphore": _CONTEXT | {"value"},
    "BoundedSemaphore": _CONTEXT | {"value"},
    "Barrier": _CONTEXT | {"parties", "action", "timeout"},
}

_USUAL = {
    ("process", "stop"): "Use `terminate()`.",
    ("process", "wait"): "Use `join()`.",
    ("process", "isAlive"): "The name is `is_alive`.",
    ("process", "exit_code"): "The name is `exitcode`.",
    ("process", "returncode"): "The name is `exitcode`.",
    ("pool", "shutdown"): "Use `close()` and then `join()`.",
    ("pool", "submit"): "Use `apply_async(function, (argument,))`.",
    ("pool", "apply_sync"): "The name is `apply_async`.",
    ("executor", "apply_async"): "Use `submit(function, argument)`.",
    ("executor", "close"): "Use `shutdown()`.",
    ("executor", "join"): "Use `shutdown()`, which waits.",
    ("executor", "terminate"): "Use `shutdown(cancel_futures=True)`.",
    ("executor", "imap"): "Use `map()`, which gives results one by one.",
    ("executor", "starmap"): "Use `map()` with one collection per parameter.",
    ("result", "result"): "Use `get()`.",
    ("result", "get"): "Use `result()`.",
    ("result", "is_ready"): "The name is `ready`.",
    ("event", "isSet"): "The name is `is_set`.",
    ("condition", "notifyAll"): "The name is `notify_all`.",
}

_USUAL_KEYWORDS = {
    "arg": ("args",),
    "func": ("target",),
    "function": ("target",),
    "kwargs": ("kwds",),
    "kwds": ("kwargs",),
    "max_workers": ("processes",),
    "processes": ("max_workers",),
    "workers": ("processes", "max_workers"),
    "num_workers": ("processes", "max_workers"),
    "blocking": ("block",),
    "max_tasks_per_child": ("maxtasksperchild",),
    "maxtasksperchild": ("max_tasks_per_child",),
    "size": ("maxsize",),
}
