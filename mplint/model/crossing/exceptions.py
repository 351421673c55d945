"""Whether errors and results come back from a worker of a pool: both are pickled there, and
unpickled in the parent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.catalog import python
from mplint.model import facts as f
from mplint.model.crossing.attributes import certain
from mplint.model.crossing.pickling import Moment, Obstacle
from mplint.model.paths.raising import catches
from mplint.model.solving.binding import misfit
from mplint.model.values import Activation, ClassRef, FunctionRef, Instance, Named, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Worker
    from mplint.model.program import Program


class Stuck(Struct, frozen=True):
    """An exception that cannot come back: its class, why not, where that is written, what becomes
    of it, and the task that raises it."""

    name: str
    why: str
    written: Site
    effect: str
    task: Site | None = None


class LostResult(Struct, frozen=True):
    """A result that cannot be sent back, the task that returns it, and what becomes of it."""

    obstacle: Obstacle
    task: Site
    effect: str


class Exceptions:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    # Errors -------------------------------------------------------------------------------------

    def stuck(self, at: int, activation: Activation) -> Stuck | None:
        """Why what a `raise` of a task raises never reaches whoever waits for the task."""
        step = self.program.outline(activation).steps.get(at)
        if not isinstance(step, f.Leave) or step.kind != "raise" or step.value is None:
            return None
        found = self._of_expression(step.value, activation, at)
        if found is None:
            return None
        for worker in self._tasks(activation):
            if self._escapes(worker, activation, at, found[0]):
                cls, why, written = found
                breaks = (
                    "the pool's thread that collects results dies of it, and whoever waits for a "
                    "result waits for ever"
                    if worker.kind.role == "pool"
                    else "the executor breaks, and every task raises BrokenProcessPool"
                )
                effect = "another error comes in its place" if "holds" in why else breaks
                return Stuck(cls.name, why, written, effect, worker.launched_at[0])
        return None

    def stuck_put(self, put: Operation) -> Stuck | None:
        """Why whoever gets an exception that is put on a queue gets a TypeError instead."""
        if put.kind.family not in ("process", "manager") or not put.crosses:
            return None
        if put.method.parameters[0] == "buf" or self.program.pickling.pickler(put) != "pickle":
            return None
        item = put.argument(put.method.parameters[0])
        if isinstance(item, f.Name):
            kept = self.program.counter.definition(item, put.activation)
            item = kept[0] if kept is not None and kept[1] is put.activation else None
        if not isinstance(item, f.Call):
            return None
        found = self._of_expression(item, put.activation, put.at)
        if found is None or "holds" in found[1]:
            return None  # that it cannot be pickled at all is said elsewhere
        cls, why, written = found
        return Stuck(cls.name, why, written, "whoever takes it out gets a TypeError instead")

    def _of_expression(
        self, expression: f.Expr, activation: Activation, at: int
    ) -> tuple[ClassRef, str, Site] | None:
        """Why none of the exceptions that an expression can be survives pickling."""
        values = self.program.values(expression, activation)
        found = None
        for value in values:
            cls = value.cls if isinstance(value, Instance) else value
            if not isinstance(cls, ClassRef) or not self._is_plain(cls):
                return None
            call = expression if isinstance(expression, f.Call) else None
            raised_bare = cls is value  # `raise Error`, which calls it with nothing
            why = self._cannot_be_made_again(cls, call, bare=raised_bare)
            if why is None and isinstance(value, Instance):
                why = self._holds(value, Moment(activation, at))
            if why is None:
                return None
            found = (cls, *why)
        return found

    def _is_plain(self, cls: ClassRef) -> bool:
        """Whether a class is an exception that is pickled as those of Python are."""
        solver = self.program.solver
        is_error = False
        for ancestor in solver.ancestry(cls):
            if isinstance(ancestor, ClassRef):
                if any((ancestor, name) in solver.cells for name in _OWN_WAYS):
                    return False
                if solver.decorations.get(ancestor.scope):
                    return False
            elif isinstance(ancestor, Named) and ancestor.path in python.EXCEPTIONS:
                is_error = True
                if issubclass(python.EXCEPTIONS[ancestor.path], UnicodeError):
                    return False
            else:
                return False
        return is_error

    def _cannot_be_made_again(
        self, cls: ClassRef, call: f.Call | None, *, bare: bool
    ) -> tuple[str, Site] | None:
        """Why `Class(*error.args)`, which is how an exception is unpickled, fails."""
        initials = list(self._initials(cls))
        if not initials:
            return None
        first = initials[0]
        kept: int | None = None
        for function in initials:
            calls = self._base_calls(function.scope)
            if calls is None:
                return None
            if not calls:  # what the constructor was called with
                if function is not first:
                    return None
                kept = 0 if bare else _positional(call)
                break
            kept = _positional(calls[0][0])
            if kept is None:
                return None
            kept -= calls[0][1]
        if kept is None:
            return None
        why = misfit(first.scope, kept, frozenset(), bound=True)
        if why is None:
            return None
        passed = "no arguments" if kept == 0 else f"{kept} argument{'s' * (kept > 1)}"
        text = f"it keeps {passed} in `args`, and `__init__` {why}"
        return text, Site(first.path, first.scope.at)

    def _initials(self, cls: ClassRef) -> Iterator[FunctionRef]:
        """The `__init__` of a class and of its bases, as far as they are the program's, of several
        in one class the last one first."""
        for ancestor in self.program.solver.ancestry(cls):
            found = self.program.solver.cells.get((ancestor, "__init__"), ())
            functions = [function for function in found if isinstance(function, FunctionRef)]
            yield from sorted(functions, key=lambda function: function.scope.at, reverse=True)

    def _base_calls(self, scope: f.Scope) -> list[tuple[f.Call, int]] | None:
        """The call of the base's `__init__`, and how many of its arguments are `self`; None where
        it is not certain that there is one, or what it does."""
        found = []
        for step in f.steps(scope.body):
            for target in step.targets if isinstance(step, f.Bind) else ():
                if isinstance(target, f.Attribute) and target.name == "args":
                    return None
            value = step.value if isinstance(step, f.Evaluate) else None
            if isinstance(value, f.Call) and isinstance(value.function, f.Attribute):
                if value.function.name == "__init__":
                    found.append((step, value))
        if any(step not in list(certain(scope.body)) for step, _ in found) or len(found) > 1:
            return None
        return [(call, 0 if _is_super(call) else 1) for _, call in found]

    def _holds(self, instance: Instance, moment: Moment) -> tuple[str, Site] | None:
        """The attribute of an exception that cannot be pickled."""
        obstacle = self.program.pickling.of_object(instance, moment)
        if obstacle is None or obstacle.held is None:
            return None
        return f"it holds {obstacle.what}, which cannot be pickled", obstacle.held

    # Ways back ----------------------------------------------------------------------------------

    def _tasks(self, activation: Activation) -> list[Worker]:
        """The pools and executors of processes whose tasks run a function."""
        runners = [r for r in self.program.runners(activation) if not isinstance(r, str)]
        found = [
            worker
            for worker in runners
            if worker.in_pool and worker.how == "task" and worker.kind.family == "process"
        ]
        return sorted(found, key=lambda worker: (worker.name, worker.launched_at[0].at))

    def _escapes(self, worker: Worker, activation: Activation, at: int, error: ClassRef) -> bool:
        """Whether an error gets from where it is raised to where the worker begins."""
        todo, seen = [(activation, at)], {activation}
        while todo:
            here, place = todo.pop()
            if self._is_caught(here, place, error) or self.program.failing.is_opaque(here):
                continue
            if here in worker.entries:
                return True
            for edge in self.program.callers[here]:
                if edge.launch is None and edge.caller not in seen:
                    seen.add(edge.caller)
                    todo.append((edge.caller, edge.at))
        return False

    def _is_caught(self, activation: Activation, at: int, error: ClassRef) -> bool:
        for frame in self.program.outline(activation).around(at):
            if isinstance(frame.node, f.With):
                if frame.part == "body" and not self._is_harmless(frame.node, activation):
                    return True
            elif isinstance(frame.node, f.Try) and frame.part == "body":
                for handler in frame.node.handlers:
                    if handler.type is None:
                        return True
                    types = self.program.values(handler.type, activation)
                    if catches(self.program, types, error) is not False:
                        return True
        return False

    def _is_harmless(self, step: f.With, activation: Activation) -> bool:
        """Whether the managers of a `with` are such as swallow nothing."""
        return all(
            isinstance(value, Instance) is False and not _suppresses(value)
            for manager, _ in step.items
            for value in self.program.values(
                manager.function if isinstance(manager, f.Call) else manager, activation
            )
        )

    # Results ------------------------------------------------------------------------------------

    def lost_result(self, at: int, activation: Activation) -> LostResult | None:
        """Why what a `return` of a task returns cannot be sent back."""
        scope = activation.scope
        step = self.program.outline(activation).steps.get(at)
        if not isinstance(step, f.Leave) or step.kind != "return" or step.value is None:
            return None
        if scope.is_generator or scope.is_async or self.program.failing.is_opaque(activation):
            return None
        pickling = self.program.pickling
        for worker in self._tasks(activation):
            if activation not in worker.entries:
                continue
            tasks = [
                operation
                for edge in worker.edges
                if edge.callee is activation
                for operation in self.program.operations_at.get((edge.caller, edge.at), ())
                if operation.method.tasks
            ]
            sent = [
                task
                for task in tasks
                if task.crosses
                and pickling.pickler(task) == "pickle"
                and pickling.task_obstacle(task) is None
            ]
            if not sent:
                continue
            obstacle = pickling.obstacle(step.value, activation, Moment(activation, at))
            if obstacle is not None:
                error = "MaybeEncodingError" if worker.kind.role == "pool" else "an error"
                if sent[0].does == "call":
                    effect = f"`{sent[0].text}` raises {error}"
                else:
                    effect = f"whoever asks for the result of `{sent[0].text}` gets {error}"
                return LostResult(obstacle, sent[0].site, effect)
        return None


def _positional(call: f.Call | None) -> int | None:
    """How many arguments a call gives by position; None when that is not known."""
    if call is None or any(argument.star for argument in call.arguments):
        return None
    return sum(argument.keyword is None for argument in call.arguments)


def _is_super(call: f.Call) -> bool:
    function = call.function
    owner = function.value if isinstance(function, f.Attribute) else None
    return isinstance(owner, f.Call)


def _suppresses(value: object) -> bool:
    if isinstance(value, Named):
        return value.path.endswith(("suppress", "raises", "assertRaises"))
    return isinstance(value, (ClassRef, FunctionRef))


_OWN_WAYS = (
    *("__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__", "__new__"),
    *("__getstate__", "__setstate__", "args", "__getattribute__"),
)
"""What a class says when it says itself how it is pickled, or made."""
