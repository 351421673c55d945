"""Tasks that never run, as what they are given cannot be pickled: their pool keeps that error in a
result, and where nobody reads it, nobody hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.channels.failing import Failure
from mplint.model.solving.solve import BASES
from mplint.model.values import UNKNOWN, Activation, ClassRef, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Worker
    from mplint.model.program import Program


class Unrun(Failure, frozen=True):
    """A task that never runs where its `argument`, an object of any class that derives from `base`,
    cannot be pickled; `call` is what keeps the error."""

    argument: str
    base: str
    call: str

    @property
    def effect(self) -> str:
        return (
            f"is never run: `{self.argument}` can be of any class that derives from `{self.base}`, "
            f"and where it cannot be pickled, `{self.call}` keeps the error in its result, which "
            "nobody reads"
        )

    @property
    def here(self) -> str:
        return f"`{self.argument}` is pickled for `{self.worker.name}`"

    @property
    def cure(self) -> str:
        return (
            f"Keep what `{self.call}` returns and ask it, or give it an `error_callback=` that "
            "puts the error on the queue."
        )


_PICKLING = frozenset({"__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__"})


def unrun(program: Program, worker: Worker) -> Unrun | None:
    """How the tasks of a process, whose results nobody reads, can fail before they are run."""
    for edge in worker.edges:
        for task in program.operations_at.get((edge.caller, edge.at), ()):
            if task.does != "call-later" or task.method.tasks not in ("apply", "submit"):
                continue
            if task.argument("error_callback") is not None:
                continue
            for argument in _arguments(program, task):
                base = _base(program, argument, task)
                if base is not None:
                    at = Site(task.activation.path, argument.at)
                    return Unrun(worker, at, "", argument.id, base.name, task.text)
    return None


def _arguments(program: Program, task: Operation) -> Iterator[f.Name]:
    """The variables that a task is given as arguments."""
    for part in program.pickling.task_parts(task):
        for item in part.items if isinstance(part, f.Display) else (part,):
            if isinstance(item, f.Name):
                yield item


def _base(program: Program, argument: f.Name, task: Operation) -> ClassRef | None:
    """The class of the program that an argument certainly derives from, where it comes from code
    that is not seen, and others derive from that class what they like."""
    if UNKNOWN not in task.values(argument):
        return None
    for cls in _asked(program, argument.id, task.activation, task.at):
        if _is_derived_from(program, cls) and not _PICKLING & _members(program, cls):
            return cls
    return None


def _is_derived_from(program: Program, cls: ClassRef) -> bool:
    """Whether a class is there for others to derive from: one in sight does."""
    cells = program.solver.cells
    return any(
        cls in cells.get((other, (BASES, index)), ())
        for other in program.solver.intern.all_of(ClassRef)
        for index in range(len(other.scope.arguments))
    )


def _members(program: Program, cls: ClassRef) -> set[str]:
    return {
        name
        for ancestor in program.solver.ancestry(cls)
        if isinstance(ancestor, ClassRef)
        for name in ancestor.scope.bound
    }


def _asked(program: Program, name: str, activation: Activation, at: int) -> Iterator[ClassRef]:
    """The classes of which a variable certainly is at a place, as something else raises an error
    before: here, or in a function that the variable is given to."""
    yield from _asked_before(program, name, activation, at)
    outline = program.outline(activation)
    inside = {(frame.node.at, frame.part, frame.index) for frame in outline.around(at)}
    for step in f.steps(activation.scope.body):
        call = step.value if isinstance(step, f.Evaluate) else None
        around = outline.around(step.at)
        if any((frame.node.at, frame.part, frame.index) not in inside for frame in around):
            continue
        if isinstance(call, f.Call) and call.at < at:
            for index, argument in enumerate(call.arguments):
                if isinstance(argument.value, f.Name) and argument.value.id == name:
                    for callee in program.callees_at.get((activation, call.at), ()):
                        known = _parameter(program, callee, index, argument)
                        if known is not None:
                            yield from _asked_before(program, known, callee, inf)


def _asked_before(
    program: Program, name: str, activation: Activation, at: float
) -> Iterator[ClassRef]:
    for step in activation.scope.body:
        if step.at >= at:
            break
        yield from _required(program, step, name, activation)


def _parameter(
    program: Program, callee: Activation, index: int, argument: f.Argument
) -> str | None:
    """What a function calls an argument."""
    if argument.keyword is not None:
        return argument.keyword
    own = program.own_name(callee)
    parameters = [p.name for p in callee.scope.parameters if p.name != own]
    return parameters[index] if index < len(parameters) and not argument.star else None


def _required(
    program: Program, step: f.Step, name: str, activation: Activation
) -> Iterator[ClassRef]:
    """The classes of which a variable is where a step is passed."""
    tests: list[f.Expr] = []
    match step:
        case f.Assert(test=test):
            tests.append(test)
        case f.Branch(arms=((f.Unary(operator="not", operand=test), body), *_)):
            if body and isinstance(body[-1], f.Leave):
                tests.append(test)
    for test in tests:
        match test:
            case f.Call(
                function=f.Name(id="isinstance"),
                arguments=(f.Argument(value=f.Name(id=tested)), f.Argument(value=cls)),
            ) if tested == name:
                values = program.values(cls, activation)
                if len(values) == 1:
                    yield from (value for value in values if isinstance(value, ClassRef))
