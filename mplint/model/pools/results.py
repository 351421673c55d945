"""Who reads the result of a task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine, Raised
from mplint.model.paths.raising import ANY, catches, raises
from mplint.model.values import (
    Activation,
    ClassRef,
    FunctionRef,
    Instance,
    Made,
    Named,
    Partial,
    Site,
    Value,
)
from mplint.model.values import Literal as Constant

if TYPE_CHECKING:
    from mplint.model.nouns import Operation
    from mplint.model.outline import Around, Outline
    from mplint.model.program import Program

Fate: TypeAlias = Literal["dropped", "waited", "read"]
"""What becomes of a result: nobody keeps it; somebody waits for it, and does not look; somebody
reads it, or may."""


class Dropped(Struct, frozen=True):
    """A task whose result nobody reads: which task, what can raise in it, and how it is so."""

    task: Operation
    fate: Fate
    name: str
    failure: Site | None
    has_callback: bool

    @property
    def lost(self) -> str:
        """What is lost, in words."""
        if self.has_callback:
            return "its callback is called only for tasks that end well"
        return "nobody reads its result" if self.fate == "dropped" else "nobody asks how it ended"


class Results:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._flow: Flow[bool] = Flow(program, Machine())
        self._assertions: dict[Activation, int] = {}

    # Results that nobody reads --------------------------------------------------------------------

    def dropped(self, task: Operation) -> Dropped | None:
        """For a task of a process pool or executor: that an error in it is lost, as nobody reads
        its result, for certain."""
        if task.does != "call-later" or not self._is_elsewhere(task):
            return None
        call = task.call
        if task.method.tasks == "loop":
            return None  # asyncio logs the errors of futures that nobody reads
        if call is None or any(argument.star == "**" for argument in call.arguments):
            return None
        if task.argument("error_callback") is not None:
            return None
        fate = self.fate(task.activation, call)
        if fate == "read" or self.is_expected_to_fail(task.activation, task.at):
            return None
        if self._is_checked_afterwards(task):
            return None
        found = self._can_fail(task)
        if found is None:
            return None
        name, failure = found
        return Dropped(task, fate, name, failure, task.argument("callback") is not None)

    def _is_elsewhere(self, task: Operation) -> bool:
        """Whether a task is certainly for a process pool or executor, or for a stand-in of the
        project's own where it is not (a class that runs everything at once)."""
        receiver = task.receiver_expression
        if receiver is None:
            return False
        objects = self.program.objects(task.values(receiver))
        pools = [value for value in objects if isinstance(value, Made)]
        return (
            bool(pools)
            and self.program.is_one(frozenset(pools))
            and all(pool.kind.family == "process" for pool in pools)
            and all(isinstance(value, (Made, Instance)) for value in objects)
        )

    def fate(self, activation: Activation, expression: f.Expr) -> Fate:
        """What a function does with the value of one of its expressions, a result or a collection
        of results."""
        return _Uses(self.program, activation).of(expression, set())

    def is_expected_to_fail(self, activation: Activation, at: int) -> bool:
        """Whether an expression is in the block of `pytest.raises` or the like."""
        for frame in self.program.outline(activation).around(at):
            if isinstance(frame.node, f.With) and frame.part == "body":
                for manager, _ in frame.node.items:
                    function = manager.function if isinstance(manager, f.Call) else manager
                    name = getattr(function, "name", getattr(function, "id", ""))
                    if name in _EXPECTING:
                        return True
        return False

    def _is_checked_afterwards(self, task: Operation) -> bool:
        """Whether the function asserts something after it has given a task: a test does not read
        the result, but looks at what the task has done. Who gives a time limit, which only reading
        the results applies, means these."""
        return task.argument("timeout") is None and self._last_assertion(task.activation) > task.at

    def _last_assertion(self, activation: Activation) -> int:
        known = self._assertions.get(activation)
        if known is None:
            found = (
                step.at
                for step in f.steps(activation.scope.body)
                if isinstance(step, f.Assert) or _is_assertion(step)
            )
            known = self._assertions[activation] = max(found, default=-1)
        return known

    def _can_fail(self, task: Operation) -> tuple[str, Site | None] | None:
        """The name of a task's function, and the statement in it that can raise; None where none
        can, or that is not known."""
        entries = self.entries(task)
        for entry in entries:
            if self.program.failing.is_opaque(entry):
                return None
            for way, states in self._flow.ends(entry, True).items():
                why = next(iter(states.values()))
                if not isinstance(way, Raised) or why is None:
                    continue
                if not self._is_told(entry, why.site):
                    return entry.scope.qualified_name, why.site
        if not entries:
            return self._foreign(task)
        return None

    def entries(self, task: Operation) -> list[Activation]:
        """The functions of the project that a task runs."""
        workers = self.program.launches_at.get((task.activation, task.at), ())
        return [
            edge.callee
            for worker in workers
            if worker.how == "task" and worker.holder is task.receiver
            for edge in worker.edges
            if edge.caller is task.activation and edge.at == task.at
        ]

    def _foreign(self, task: Operation) -> tuple[str, Site | None] | None:
        """The same for a function of a library."""
        name = next((n for n in task.method.parameters if n in ("fn", "func")), None)
        function = task.argument(name) if name is not None else None
        call = task.call
        if function is None or call is None:
            return None
        values = self._targets(task.values(function))
        if isinstance(function, f.Name):
            if any(p.name == function.id for p in task.activation.scope.parameters):
                return None  # whoever gives the function knows what it may raise
        for value in values:
            if isinstance(value, Named) and not raises(call, value.path):
                return None
            if isinstance(value, (FunctionRef, Constant, ClassRef)):
                return None
        return describe(function), None

    def _targets(self, values: Iterable[Value]) -> list[Value]:
        """The functions behind partials."""
        found: list[Value] = []
        for value in values:
            if isinstance(value, Partial):
                inner = self.program.solver.cells.get((value, "function"), frozenset())
                found += [v for v in inner if not isinstance(v, Partial)]
            else:
                found.append(value)
        return found

    def _is_told(self, entry: Activation, site: Site) -> bool:
        """Whether a function handles all errors of a statement, and hands them on as well."""
        if site.path != entry.path:
            return False
        outline = self.program.outline(entry)
        for frame in outline.around(site.at):
            if isinstance(frame.node, f.Try) and frame.part == "body":
                for handler in frame.node.handlers:
                    if handler.type is None:
                        return True
                    types = self.program.values(handler.type, entry)
                    if catches(self.program, types, ANY) is True:
                        return True
        return False

    # Results that are read too late ---------------------------------------------------------------

    def results_of(self, task: Operation) -> list[Made]:
        """The result objects that a task gives."""
        made = self.program.record.made.get((task.activation, task.at), ())
        return [v for v in made if isinstance(v, Made) and v.kind.role == "result"]


class _Uses:
    """What a function does with a value, as far as that can be read off its own statements.
    Whatever is not understood reads it."""

    def __init__(self, program: Program, activation: Activation) -> None:
        self.program = program
        self.activation = activation
        self.outline: Outline = program.outline(activation)

    def of(self, expression: f.Expr, seen: set[_Seen]) -> Fate:
        """What becomes of the value of an expression."""
        frame = next(self.outline.around(expression.at), None)
        match frame.node if frame is not None else None:
            case f.Evaluate():
                return "dropped"
            case f.Bind(targets=(f.Name() as target,), operator=None):
                return self._variable(target, seen)
            case f.Comprehension(shape=shape) as comprehension:
                if shape in ("list", "set") and expression is comprehension.element:
                    return self.of(comprehension, seen)
            case f.Display() as display:
                return self.of(display, seen)
            case f.Call(function=f.Attribute(value=f.Name() as owner, name=name)):
                if name in ("append", "add") and self._is_own_list(owner.id):
                    return self._variable(owner, seen)
        return "read"

    def _variable(self, variable: f.Name, seen: set[_Seen]) -> Fate:
        """What becomes of what a variable holds."""
        name, scope = variable.id, self.activation.scope
        # a name that is set twice stands for two things
        key = (name, variable.at if variable.at in self._definitions(name) else None)
        if key in seen:
            return "dropped"
        seen.add(key)
        if name in scope.global_names | scope.nonlocal_names or name not in scope.bound:
            return "read"
        if self.program.sight.is_named_elsewhere(name, self.activation):
            return "read"
        reads = self.program.solver.reaching[scope].reads
        fates: set[Fate] = {"dropped"}
        for use in self._reads(name):
            visible = reads.get(use.at)
            if visible and variable.at in self._definitions(name) and variable.at not in visible:
                continue
            fates.add(self._use(use, seen))
        return next(fate for fate in ("read", "waited", "dropped") if fate in fates)

    def _definitions(self, name: str) -> set[int]:
        return {binding.at for binding in self.outline.bindings.get(name, ())}

    def _reads(self, name: str) -> Iterator[f.Name]:
        assigned = self._definitions(name)
        for expression in self.outline.names.get(name, ()):
            if expression.at not in assigned:
                yield expression

    def _is_own_list(self, name: str) -> bool:
        """Whether a variable only ever holds a list that the function makes itself."""
        bindings = self.outline.bindings.get(name, ())
        parameters = {parameter.name for parameter in self.activation.scope.parameters}
        return (
            bool(bindings)
            and name not in parameters
            and all(binding.whole and _is_new_list(binding.value) for binding in bindings)
        )

    def _use(self, use: f.Expr, seen: set[_Seen]) -> Fate:
        """What one mention of a variable does with what it holds."""
        frames = list(self.outline.around(use.at))
        node = frames[0].node if frames else None
        match node:
            case f.Forget():
                return "dropped"
            case f.Attribute(name=name) if len(frames) > 1 and _is_called(node, frames[1]):
                if name in _WAITS:
                    return "waited"
                if name in _LOOKS:
                    return "dropped"
                if name in ("append", "add") and self._is_own_list(getattr(use, "id", "")):
                    return "dropped"
            case f.Call(arguments=arguments) if any(a.value is use for a in arguments):
                return self._given(node, frames, seen)
            case f.For(target=target) if frames[0].part == "test":
                if isinstance(target, f.Name) and not self._is_lazy(use):
                    return self._variable(target, seen)
            case f.Display(items=(_,)):
                return self._use(node, seen)
        return "read"

    def _given(self, call: f.Call, frames: list[Around], seen: set[_Seen]) -> Fate:
        """The same for an argument."""
        match call.function:
            case f.Attribute(value=f.Name() as owner, name="append" | "add"):
                if self._is_own_list(owner.id):
                    return self._variable(owner, seen)
        paths = {
            value.path if isinstance(value, Named) else "?"
            for value in self.program.values(call.function, self.activation)
        }
        if paths <= _PASSIVE:
            return "dropped"
        outer = frames[1].node if len(frames) > 1 else None
        if paths <= {"concurrent.futures.wait"} and isinstance(outer, f.Evaluate):
            return "waited"
        if paths <= _PASS_ON:
            fate = self._use(call, seen)
            return "waited" if fate == "dropped" else fate
        return "read"

    def _is_lazy(self, expression: f.Expr) -> bool:
        """Whether to go through it is to read it: the iterators of `imap` and `executor.map`."""
        values = self.program.values(expression, self.activation)
        return any(isinstance(v, Made) and v.kind.role == "result" for v in values)


def _is_called(attribute: f.Attribute, frame: Around) -> bool:
    return isinstance(frame.node, f.Call) and frame.node.function is attribute


def _is_assertion(step: f.Step) -> bool:
    """`self.assertEqual(…)` and the like."""
    call = step.value if isinstance(step, f.Evaluate) else None
    function = call.function if isinstance(call, f.Call) else None
    return isinstance(function, f.Attribute) and function.name.startswith("assert")


def _is_new_list(value: f.Expr | None) -> bool:
    match value:
        case f.Display(shape="list" | "set", items=()):
            return True
        case f.Call(function=f.Name(id="list" | "set"), arguments=()):
            return True
        case f.Comprehension(shape="list" | "set"):
            return True
    return False


_Seen: TypeAlias = tuple[str, int | None]

_WAITS = frozenset({"wait"})
_LOOKS = frozenset({"ready", "done", "running", "cancelled", "cancel"})
_PASSIVE = frozenset({"len", "print", "id", "isinstance", "bool", "type"})
_PASS_ON = frozenset({"concurrent.futures.as_completed", "tqdm.tqdm", "tqdm", "list", "tuple"})
_EXPECTING = frozenset({"raises", "assertRaises", "assertRaisesRegex", "warns", "assertLogs"})
