"""What fixes the start method of a program, and what it is then too late for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint import catalog
from mplint.diagnostics import START_METHODS
from mplint.model import facts as f
from mplint.model.paths.raising import catches
from mplint.model.starting.precedence import MAX_CALLS, chain, comes_before, is_unconditional
from mplint.model.values import (
    NOTHING,
    Activation,
    Instance,
    Literal,
    Made,
    Named,
    Site,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.program import Program

DEFAULT = ""
"""In the place of a start method: the one in force, whichever that is."""

SET_START_METHOD, GET_CONTEXT = "set_start_method", "get_context"


class Fixed(Struct, frozen=True):
    """What has fixed the start method before, where, and in words."""

    site: Site
    what: str


class Setting:
    """The questions about calls of `set_start_method`, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def setter(self, activation: Activation, at: int) -> f.Call | None:
        """The call at a place, if it is one of `set_start_method`."""
        path = self.program.record.externals.get((activation, at), "")
        if path.rpartition(".")[2] != SET_START_METHOD:
            return None
        call = self.program.outline(activation).expressions.get(at)
        if isinstance(call, f.Call):
            if function_of(self.program, call, activation) == SET_START_METHOD:
                return call
        return None

    def is_forced(self, activation: Activation, at: int) -> bool:
        """Whether the call at a place certainly changes the start method, set before or not."""
        call = self.setter(activation, at)
        force = given_for(call, 1, "force") if call is not None else None
        return force is not None and self.program.truth(force, activation) is True

    def fixed_before(self, activation: Activation, at: int) -> Fixed | None:
        """For a call of `set_start_method`: what has certainly fixed the start method before, so
        that the call raises. None where that is not certain, forced or expected."""
        if not self._can_raise(activation, at):
            return None
        seen: list[Activation] = []
        for current, place in chain(self.program, activation, at):
            if self._is_expected(current, place):
                return None
            seen.append(current)
        above: dict[Activation, list[int]] = defaultdict(list)
        for current, place in self.program.places_above((activation, at)):
            above[current].append(place)
        for current, place in chain(self.program, activation, at):
            for before, fixed in self._fixes(current, MAX_CALLS):
                if before < place and comes_before(self.program, current, before, place):
                    return fixed
            module = self.program.solver.modules[current.path]
            if module not in seen:
                found = self._fixed_by_module(module, above.get(module, ()))
                if found is not None:
                    return found
        return None

    def _fixed_by_module(self, module: Activation, calls: Iterable[int]) -> Fixed | None:
        """What a module certainly does to fix the start method: when it is imported, or before all
        of the calls in it that lead to the place in question."""
        for before, fixed in self._fixes(module, MAX_CALLS):
            if is_unconditional(self.program, module, before) and all(
                comes_before(self.program, module, before, call) for call in calls
            ):
                return fixed
        return None

    def set_in_children(self, activation: Activation, at: int) -> bool:
        """For a call of `set_start_method`: whether every child runs it again, because it stands in
        a module that they import, and so ends with an error."""
        startup = self.program.startup
        if activation.scope.kind != "module" or not self._can_raise(activation, at):
            return False
        if self.program.contexts.method_named(activation, at) not in ("spawn", "forkserver"):
            return False
        if self._is_expected(activation, at) or not is_unconditional(self.program, activation, at):
            return False
        if not startup.is_run_by_children(activation, at):
            return False
        return startup.unguarded(activation.path) is None

    def _can_raise(self, activation: Activation, at: int) -> bool:
        call = self.setter(activation, at)
        return (
            call is not None
            and given_for(call, 1, "force") is None
            and not any(argument.star for argument in call.arguments)
        )

    def _is_expected(self, activation: Activation, at: int) -> bool:
        """Whether an error at a place is caught, or the place is left out by asking before."""
        program = self.program
        for frame in program.outline(activation).around(at):
            node = frame.node
            if isinstance(node, f.Try) and frame.part == "body":
                for handler in node.handlers:
                    types = handler.type and program.values(handler.type, activation)
                    if not types or catches(program, types, "RuntimeError") is not False:
                        return True
            if isinstance(node, f.With):
                return True  # `suppress`, `pytest.raises`, or nobody knows
            if isinstance(node, f.Branch) and frame.part != "test" and self._asks(node, activation):
                return True
        return False

    def _asks(self, branch: f.Branch, activation: Activation) -> bool:
        """Whether a test asks for the start method without fixing it."""
        return any(
            isinstance(part, f.Call)
            and part.arguments
            and function_of(self.program, part, activation) == _ASK
            for part in f.within(*f.expressions(branch))
        )

    # What fixes it ------------------------------------------------------------------------------

    def _fixes(self, activation: Activation, depth: int) -> list[tuple[int, Fixed]]:
        """Where a function fixes the start method, by itself or by what it certainly calls or
        imports."""
        key = activation, depth
        if key not in self._known_fixes:
            self._known_fixes[key] = sorted(
                self._find_fixes(activation, depth), key=lambda found: found[0]
            )
        return self._known_fixes[key]

    def _first_fix(self, activation: Activation, depth: int) -> Fixed | None:
        """The first place where a function certainly fixes the start method."""
        found = self._fixes(activation, depth)
        return next(
            (fix for at, fix in found if is_unconditional(self.program, activation, at)), None
        )

    @cached_property
    def _known_fixes(self) -> dict[tuple[Activation, int], list[tuple[int, Fixed]]]:
        return {}

    def _find_fixes(self, activation: Activation, depth: int) -> Iterator[tuple[int, Fixed]]:
        program = self.program
        for at, expression in program.outline(activation).expressions.items():
            if not isinstance(expression, (f.Call, f.Imported)):
                continue
            if isinstance(expression, f.Imported):
                inner = self._imported_fix(expression, activation, depth)
                if inner is not None:
                    yield at, inner
                continue
            what = self._fixes_itself(expression, activation)
            if what is not None:
                yield at, Fixed(Site(activation.path, at), what)
            elif depth > 1:
                for callee in program.callees_at.get((activation, at), ()):
                    inner = self._first_fix(callee, depth - 1)
                    if inner is not None:
                        yield at, inner

    def _imported_fix(
        self, imported: f.Imported, activation: Activation, depth: int
    ) -> Fixed | None:
        solver = self.program.solver
        name = imported.name if imported.name != "*" else None
        target = solver.loader.resolve(activation.path, imported.module, name, imported.level)
        module = solver.modules.get(target.path) if target.path is not None else None
        if module is None or module is activation or depth <= 1:
            return None
        return self._first_fix(module, depth - 1)

    def _fixes_itself(self, call: f.Call, activation: Activation) -> str | None:
        """What a call is that fixes the start method, in words."""
        name = function_of(self.program, call, activation)
        if name == SET_START_METHOD:
            return "it is set here already"
        if name == _ASK and not call.arguments:
            return "`get_start_method()` fixes it: it has no answer before"
        if name == GET_CONTEXT and not call.arguments:
            return "`get_context()` fixes it"
        if name in _FIXING:
            return f"`{name}()` fixes it: what it makes belongs to a start method"
        if name == _EXECUTOR and not any(
            argument.keyword in ("mp_context", "max_tasks_per_child") or argument.star
            for argument in call.arguments
        ):
            return "`ProcessPoolExecutor()` fixes it: its processes belong to a start method"
        for operation in self.program.operations_at.get((activation, call.at), ()):
            started = operation.does == "start" and operation.kind.role == "process"
            if (
                started
                and operation.sure
                and belongs_to(self.program, operation.receiver) == {DEFAULT}
            ):
                if operation.kind.family == "process":
                    return "the first process is started here, and fixes it"
        return None


def belongs_to(program: Program, value: Value) -> frozenset[str]:
    """The start methods that an object is made for: names, or DEFAULT for the one in force.
    Empty where that is not known."""
    solver = program.solver
    if isinstance(value, Made) and value.given:
        return frozenset()
    contexts: Values = solver.cells.get((value, "context"), NOTHING)
    contexts |= solver.cells.get((value, "mp_context"), NOTHING)
    if isinstance(value, Instance):
        base = solver.base_name(value.cls)
        if base is None:
            return frozenset()
        if base.context is not None:
            contexts |= {base.context}
        maker = catalog.find(base.path)
        if isinstance(maker, catalog.Maker) and maker.start_method:
            return frozenset({maker.start_method})
    elif isinstance(value, Made):
        if value.of is not None:
            contexts |= {value.of}
        if (value, "method") in solver.cells:
            contexts |= {value}
    found: set[str] = set()
    for context in contexts:
        if isinstance(context, Literal) and context.value is None:
            found.add(DEFAULT)
            continue
        if not isinstance(context, Made):
            return frozenset()
        methods = solver.cells.get((context, "method"), NOTHING)
        for method in methods:
            if not isinstance(method, Literal) or method.value not in (None, *START_METHODS):
                return frozenset()
            found.add(method.value or DEFAULT)
        if not methods:
            return frozenset()
    return frozenset(found or {DEFAULT})


def function_of(program: Program, call: f.Call, activation: Activation) -> str:
    """The name of a function of `multiprocessing` itself, not of one of its contexts."""
    values = program.values(call.function, activation)
    if len(values) != 1:
        return ""
    (value,) = values
    if not isinstance(value, Named) or value.context is not None:
        return ""
    if value.path in _EXECUTORS:
        return _EXECUTOR
    found = catalog.library(value.path)
    return found[1] if found is not None and found[0].root in _STANDARD else ""


def given_for(call: f.Call, index: int, name: str) -> f.Expr | None:
    """The expression given for a parameter."""
    positional = [a for a in call.arguments if a.keyword is None and not a.star]
    if index < len(positional):
        return positional[index].value
    return next((a.value for a in call.arguments if a.keyword == name), None)


_ASK, _EXECUTOR = "get_start_method", "<executor>"

_FIXING = frozenset(
    {
        "Array",
        "Barrier",
        "BoundedSemaphore",
        "Condition",
        "Event",
        "JoinableQueue",
        "Lock",
        "Manager",
        "Pool",
        "Queue",
        "RLock",
        "Semaphore",
        "SimpleQueue",
        "Value",
    }
)
"""What asks for the context in force when it is called; `Process` and `Pipe` do not."""

_EXECUTORS = (
    "concurrent.futures.ProcessPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor",
)

_STANDARD = frozenset({"multiprocessing", "torch.multiprocessing", "multiprocess"})
"""Libraries whose start methods are those of the standard library."""
