"""How long managers live, and who uses what they offer when they do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.sequence import comes_after, is_meant_to_fail
from mplint.model.facts import describe
from mplint.model.nouns import Operation, Worker
from mplint.model.paths.quiet import is_quick_call
from mplint.model.values import Activation, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.program import Program

_ANY_TIME = frozenset({"register", "start", "connect", "get_server", "address", "shutdown", "join"})
_STARTS = frozenset({"start", "connect", "get_server"})
_ASKS = frozenset({"len", "list", "dict", "set", "tuple", "sorted", "sum", "max", "min"})
"""Functions that look into what they are given."""


class Ended(Struct, frozen=True):
    """Something that needs a manager's server when there is none: `at` is that something, `text`
    how it is written, `proxy` what it is asked of."""

    at: Site
    text: str
    manager: Value
    proxy: Made | None = None
    worker: Worker | None = None

    @property
    def related(self) -> list[tuple[Site, str]]:
        """Where the objects are made, each with a note."""
        objects = [(self.manager, "the manager is made here")]
        if self.proxy is not None:
            objects.append((self.proxy, "this is kept in the manager's server"))
        return [
            (value.site, note)
            for value, note in objects
            if isinstance(value, Made) and value.site != self.at
        ]


class Managers:
    """The questions about managers, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    # Used after the end -------------------------------------------------------------------------

    def used_after(self, step: f.With, activation: Activation) -> Ended | None:
        """What first uses something of a manager after the end of its `with`, or hands it on."""
        for manager in self._managers(step, activation):
            for found in self._uses_after(manager, step.at, activation):
                return found
            for found in self._returned(manager, step, activation):
                return found
        return None

    def used_after_shutdown(self, shutdown: Operation) -> Ended | None:
        """What first uses something of a manager after its `shutdown()`."""
        manager = shutdown.receiver
        if not isinstance(manager, Made) or shutdown.call is None or not shutdown.sure:
            return None
        if manager.kind.role != "manager":
            return None
        uses = self._uses_after(manager, shutdown.at, shutdown.activation)
        return next(uses, None)

    def _managers(self, step: f.With, activation: Activation) -> Iterator[Made]:
        for item, _ in step.items:
            values = self.program.values(item, activation)
            for value in values:
                if isinstance(value, Made) and value.kind.role == "manager" and len(values) == 1:
                    yield value

    def _uses_after(self, manager: Made, end: int, activation: Activation) -> Iterator[Ended]:
        outline = self.program.outline(activation)
        for at in sorted(outline.expressions):
            expression = outline.expressions[at]
            if not isinstance(expression, (f.Name, f.Attribute)) or at < end:
                continue
            proxy = self._proxy(expression, activation, manager)
            if proxy is None or not comes_after(outline, at, end):
                continue
            text = self._use(expression, activation)
            if text is not None:
                yield Ended(Site(activation.path, at), text, manager, proxy)

    def _proxy(self, expression: f.Expr, activation: Activation, manager: Made) -> Made | None:
        """What an expression can only be: something that a manager has made."""
        values = self.program.objects(self.program.values(expression, activation))
        if len(values) != 1 or not isinstance(values[0], Made):
            return None
        proxy = values[0]
        return proxy if proxy.of is manager and proxy.kind.family == "manager" else None

    def _use(self, expression: f.Expr, activation: Activation) -> str | None:
        """How an object is asked for something, as it is written; None where it is not asked."""
        outline = self.program.outline(activation)
        frames = outline.around(expression.at)
        frame = next(frames, None)
        if frame is None:
            return None
        text = describe(expression)
        match frame.node:
            case f.Attribute(name=name, value=value) if value is expression:
                call = next(frames, None)
                is_called = call is not None and isinstance(call.node, f.Call)
                if is_called and call is not None and call.node.function is frame.node:  # type: ignore[union-attr]
                    return None if name.startswith("__") else f"{text}.{name}()"
                return f"{text}.{name}" if name in ("value",) else None
            case f.Subscript(value=value) if value is expression:
                return f"{text}[…]"
            case f.Call(function=function, arguments=arguments):
                named = isinstance(function, f.Name) and function.id in _ASKS
                if named and any(argument.value is expression for argument in arguments):
                    return describe(frame.node)
            case f.For(source=source) if source is expression:
                return f"for … in {text}"
        return None

    def _returned(self, manager: Made, step: f.With, activation: Activation) -> Iterator[Ended]:
        """Proxies that a function returns out of the `with` that ends their manager."""
        for inner in f.steps(step.body):
            if isinstance(inner, f.Leave) and inner.kind == "return" and inner.value is not None:
                proxy = self._proxy(inner.value, activation, manager)
                if proxy is not None:
                    text = f"return {describe(inner.value)}"
                    yield Ended(Site(activation.path, inner.value.at), text, manager, proxy)

    # Workers that outlive it --------------------------------------------------------------------

    def outlived_by(self, start: Operation) -> Ended | None:
        """For the start of a process that uses something of a manager: the manager, when its `with`
        ends with nobody waiting for the process before."""
        activation = start.activation
        if start.kind.role != "process" or start.kind.family != "process" or not start.sure:
            return None
        if start.call is None:
            return None
        for frame in self.program.outline(activation).around(start.at):
            if isinstance(frame.node, f.With) and frame.part == "body":
                for manager in self._managers(frame.node, activation):
                    found = self._outlives(start, manager, frame.node)
                    if found is not None:
                        return found
        return None

    def _outlives(self, start: Operation, manager: Made, step: f.With) -> Ended | None:
        program, activation = self.program, start.activation
        outline = program.outline(activation)
        for worker in program.processes_of(start.receiver):
            given = [v for e in worker.edges for _, values in e.given for v in values]
            proxies = [v for v in given if isinstance(v, Made) and v.of is manager]
            if not proxies or worker.holder in program.solver.escapes:
                continue
            for other in worker.operations("join", "alive", "kill", "other"):
                if other.activation is not activation or not comes_after(
                    outline, other.at, step.at
                ):
                    return None
            if self._waits_inside(start, step):
                return None
            return Ended(start.site, start.text, manager, proxies[0], worker)
        return None

    def _waits_inside(self, start: Operation, step: f.With) -> bool:
        """Whether something after the start may take its time while the manager is there."""
        program, activation = self.program, start.activation
        outline = program.outline(activation)
        for at, expression in outline.expressions.items():
            if at <= start.at or not any(fr.node is step for fr in outline.around(at)):
                continue
            if not isinstance(expression, f.Call):
                continue
            operations = program.operations_at.get((activation, at), ())
            if any(operation.does != "start" for operation in operations):
                return True
            if not is_quick_call(program, activation, at):
                return True
        return False

    # Used before the start ----------------------------------------------------------------------

    def unstarted(self, call: f.Call, activation: Activation) -> Ended | None:
        """For a call of a manager's method: the manager, when nobody has started its server."""
        function = call.function
        if not isinstance(function, f.Attribute) or function.name in _ANY_TIME:
            return None
        values = self.program.objects(self.program.values(function.value, activation))
        kinds = [self.program.solver.kind_of(value) for value in values]
        if len(values) != 1 or kinds[0] is None or kinds[0].role != "manager":
            return None
        (manager,) = values
        if kinds[0].name == "Manager" or function.name[:1] == "_":
            return None
        if not isinstance(function.value, f.Name):
            return None
        made = self.program.counter.definition(function.value, activation)
        if made is None or made[1] is not activation or not isinstance(made[0], f.Call):
            return None
        if manager in self.program.solver.escapes or is_meant_to_fail(
            self.program.outline(activation), call.at
        ):
            return None
        if self._is_own_method(function, activation):
            return None
        for operation in self.program.on.get(manager, ()):
            if operation.name in _STARTS and (
                operation.activation is not activation or operation.at < call.at
            ):
                return None
        for step in f.steps(activation.scope.body):
            if isinstance(step, f.With):
                for item, _ in step.items:
                    if manager in self.program.values(item, activation):
                        return None
        return Ended(Site(activation.path, call.at), describe(function) + "()", manager)

    def _is_own_method(self, function: f.Attribute, activation: Activation) -> bool:
        """Whether a method is one that the project's class defines, and not one that is
        registered."""
        from mplint.model.values import FunctionRef

        values = self.program.values(function, activation)
        return any(isinstance(value, FunctionRef) for value in values)

    # Dropped at once ----------------------------------------------------------------------------

    def dropped(self, call: f.Call, activation: Activation) -> Ended | None:
        """For the making of a process: a manager that is made among its arguments, and that nobody
        but these holds."""
        made = self.program.record.made.get((activation, call.at), ())
        if not any(isinstance(v, Made) and v.kind.role == "process" for v in made):
            return None
        for argument in call.arguments:
            if argument.keyword not in ("args", "kwargs"):
                continue
            for item in f.parts(argument.value):
                if isinstance(item, f.Call) and isinstance(item.function, f.Attribute):
                    inner = item.function.value
                    managers = self.program.values(inner, activation)
                    if isinstance(inner, f.Call) and any(
                        isinstance(v, Made) and v.kind.name == "Manager" and v.site.at == inner.at
                        for v in managers
                    ):
                        (manager,) = managers
                        return Ended(Site(activation.path, item.at), describe(item), manager)
        return None
