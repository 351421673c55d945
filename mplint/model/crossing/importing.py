"""Whether a child can find a function or class again: they are pickled as the name of their module
and their own name in it, which the child looks up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.diagnostics import START_METHODS
from mplint.model import facts as f
from mplint.model.crossing.handover import handovers
from mplint.model.values import (
    NOTHING,
    Activation,
    ClassRef,
    FunctionRef,
    Instance,
    Partial,
    Site,
    Value,
)

if TYPE_CHECKING:
    from mplint.model.crossing.handover import Handover
    from mplint.model.nouns import Worker
    from mplint.model.program import Program


class Missing(Struct, frozen=True):
    """Something that a child does not find: at which expression it is given, what it is and why it
    is not found, what becomes of it, where it is defined, and under which start methods."""

    at: Site
    what: str
    effect: str
    defined: Site
    start_methods: tuple[str, ...]


class _Cause(Struct, frozen=True):
    """Why a value is not found. `dumps` says that pickling it fails already, in the parent."""

    what: str
    defined: Site
    dumps: bool = False
    always: bool = False  # in a forked child, too


class Importing:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._definitions: dict[Activation, dict[int, int]] = {}

    def missing(self, given: Handover) -> Missing | None:
        """What of a handover the child does not find under its name."""
        library = given.library
        if library is not None and library.pickler != "pickle":
            return None
        for expression in _parts(given):
            values = self.program.values(expression, given.activation)
            causes = [self._cause(value) for value in values]
            if not causes or None in causes:
                continue
            found = sorted((c for c in causes if c is not None), key=lambda c: c.defined.at)[0]
            methods = self._methods(given, found)
            if methods and ("fork" in methods or not self._is_refused_before(given)):
                at = Site(given.activation.path, expression.at)
                effect = given.refused if found.dumps else _lost(given)
                return Missing(at, found.what, effect, found.defined, methods)
        return None

    def _is_refused_before(self, given: Handover) -> bool:
        """Whether a process that is started before in the function cannot be, as what it is given
        cannot be pickled: that is said, and what comes after it never is."""
        program = self.program
        outline = program.outline(given.activation)
        around = list(outline.around(given.call.at))
        return any(
            start.activation is given.activation
            and start.at < given.call.at
            and all(frame.part == "own" or frame in around for frame in outline.around(start.at))
            for at, call in outline.expressions.items()
            if isinstance(call, f.Call) and at < given.call.at
            for earlier in handovers(program, call, given.activation)
            if program.pickling.start_obstacle(earlier) is not None
            for start in program.done_to(earlier.holder, "start")
        )

    def missing_class(self, worker: Worker) -> tuple[str, ...]:
        """The start methods under which a child does not find the class of its process object,
        which is defined where only the parent comes."""
        holder = worker.holder
        if worker.how != "run" or not isinstance(holder, Instance) or holder.cls.outer is None:
            return ()
        if not self.is_under_guard(holder.cls.outer, holder.cls.scope):
            return ()
        if holder.cls not in self.program.solver.instances:
            return ()  # nobody makes one, and nobody else can: whoever imports it has not got it
        methods = self.program.methods_of(holder)
        return tuple(method for method in methods if method != "fork")

    def _methods(self, given: Handover, cause: _Cause) -> tuple[str, ...]:
        if given.task is not None and (cause.dumps or cause.always):
            return START_METHODS  # a task is always pickled
        methods = self.program.methods_of(given.holder)
        return tuple(method for method in methods if method != "fork")

    def _cause(self, value: Value) -> _Cause | None:
        match value:
            case FunctionRef(receiver=Instance(cls=cls), scope=scope):
                found = self._cause(cls)
                return found or self._private(value, scope)
            case FunctionRef(receiver=None, outer=outer, scope=scope) if outer is not None:
                return self._guarded(value, outer) or self._decorated(value) or self._alias(value)
            case ClassRef(outer=outer) if outer is not None:
                return self._guarded(value, outer)
            case Instance(cls=cls):
                return self._cause(cls)
            case Partial():
                functions = self.program.solver.cells.get((value, "function"), NOTHING)
                causes = [self._cause(function) for function in functions]
                return causes[0] if causes and None not in causes else None
        return None

    # Under the main guard -----------------------------------------------------------------------

    def is_under_guard(self, outer: Activation, scope: f.Scope) -> bool:
        """Whether something is defined in a part of a module that only the main process runs."""
        if outer.scope.kind != "module":
            return False
        if outer not in self._definitions:
            self._definitions[outer] = {
                step.scope: step.at
                for step in f.steps(outer.scope.body)
                if isinstance(step, f.Define)
            }
        at = self._definitions[outer].get(scope.index)
        return at is not None and self.program.startup.is_main_only(outer, at)

    def _guarded(self, value: FunctionRef | ClassRef, outer: Activation) -> _Cause | None:
        scope = value.scope
        if scope.kind == "lambda" or not self.is_under_guard(outer, scope):
            return None
        others = self.program.solver.cells.get((outer, scope.name), NOTHING)
        if others != {value}:
            return None  # the child may find another one of the same name
        what = f"`{scope.name}`, which is defined under the main guard, where no child comes"
        return _Cause(what, Site(value.path, scope.at))

    # Names that lead elsewhere ------------------------------------------------------------------

    def _private(self, function: FunctionRef, scope: f.Scope) -> _Cause | None:
        """A method `__name`, which the object has under another name: `_Class__name`."""
        if not scope.name.startswith("__") or scope.name.endswith("__"):
            return None
        what = f"`{scope.name}`, a private method, which its object has under a longer name"
        return _Cause(what, Site(function.path, scope.at), always=True)

    def _decorated(self, function: FunctionRef) -> _Cause | None:
        """A function whose decorator puts another one in its place, without `functools.wraps`."""
        outer = function.outer
        assert outer is not None
        step = self.program.outline(outer).definitions.get(function.scope.index)
        if step is None or len(step.decorators) != 1 or outer.scope.kind != "module":
            return None
        (decorator,) = step.decorators
        called = decorator.function if isinstance(decorator, f.Call) else decorator
        values = self.program.values(called, outer)
        if len(values) != 1:
            return None
        (value,) = values
        if not isinstance(value, FunctionRef):
            return None
        scope: f.Scope | None = self._wrapper(value, value.scope)
        if isinstance(decorator, f.Call) and scope is not None:
            scope = self._wrapper(value, scope)
        if scope is None:
            return None
        what = (
            f"`{function.scope.name}`, in whose place its decorator `{value.name}` puts an "
            f"inner function, `{scope.name}`"
        )
        return _Cause(what, Site(value.path, scope.at), dumps=True)

    def _wrapper(self, function: FunctionRef, scope: f.Scope) -> f.Scope | None:
        """The inner function that a function certainly returns as it is."""
        file = self.program.solver.files[function.path]
        returned: set[str] = set()
        defined: dict[str, f.Define] = {}
        others: dict[str, str] = {}  # names for what has another name
        for step in f.steps(scope.body):
            match step:
                case f.Bind(targets=(f.Name(id=name),), value=f.Name(id=other), operator=None):
                    if name in others:
                        return None
                    others[name] = other
                case f.Leave(kind="return", value=f.Name(id=name)):
                    returned.add(name)
                case f.Leave(kind="return"):
                    return None
                case f.Define(name=name):
                    if name in defined or step.decorators:
                        return None
                    defined[name] = step
                case f.Bind(targets=targets):
                    if any(_is_name_of_function(target) for target in targets):
                        return None
                case f.Evaluate(value=f.Call()):
                    return None  # `functools.update_wrapper`, perhaps
        if len(returned) != 1:
            return None
        (name,) = returned
        while name in others and name not in defined:
            name = others.pop(name)
        return file.scopes[defined[name].scope] if name in defined else None

    def _alias(self, function: FunctionRef) -> _Cause | None:
        """What `functools.wraps` gives the name of another function, which that name still
        leads to: `fast = cached(work)`."""
        solver, outer = self.program.solver, function.outer
        assert outer is not None
        if outer.scope.kind != "function" or not outer.scope.parameters:
            return None
        if solver.decorations.get(function.scope) != frozenset({"functools.wraps"}):
            return None
        for step in f.steps(outer.scope.body):
            if isinstance(step, f.Define) and step.scope == function.scope.index:
                (decorator,) = step.decorators
                if not isinstance(decorator, f.Call) or not decorator.arguments:
                    return None
                wrapped = self.program.values(decorator.arguments[0].value, outer)
                causes = [self._hidden(function, value) for value in wrapped]
                return causes[0] if causes and None not in causes else None
        return None

    def _hidden(self, wrapper: FunctionRef, wrapped: Value) -> _Cause | None:
        solver = self.program.solver
        if not isinstance(wrapped, FunctionRef) or wrapped.receiver is not None:
            return None
        home = wrapped.outer
        if home is None or home.scope.kind != "module" or solver.decorations.get(wrapped.scope):
            return None
        if solver.cells.get((home, wrapped.scope.name), NOTHING) != {wrapped}:
            return None
        what = (
            f"a wrapper that has the name of `{wrapped.scope.name}`, under which another function "
            "is found"
        )
        return _Cause(what, Site(wrapper.path, wrapper.scope.at), dumps=True)


def _parts(given: Handover) -> Iterator[f.Expr]:
    """The function, and the arguments one by one, as far as they are written out."""
    if given.function is not None:
        yield given.function
    if isinstance(given.packed, f.Display):
        yield from given.packed.items
    if given.how == "submit":
        yield from given.items


def _lost(given: Handover) -> str:
    """What becomes of it when the child does not find something, in words."""
    if given.how in ("target", "initializer"):
        return given.fails("an AttributeError")
    if given.kind.role == "executor":
        return "the worker that takes the task dies, and every task raises BrokenProcessPool"
    return "the worker that takes the task dies of it, and the caller waits for ever"


def _is_name_of_function(target: f.Expr) -> bool:
    return isinstance(target, f.Attribute) and target.name in ("__name__", "__qualname__")
