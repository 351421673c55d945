"""Names of shared values that are assigned to, where the value was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.nouns import MAIN
from mplint.model.state import assigning
from mplint.model.values import (
    DATA,
    JUST_DATA,
    NOTHING,
    Activation,
    Container,
    Instance,
    Literal,
    Made,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.nouns import Worker
    from mplint.model.program import Program

_Target: TypeAlias = "f.Name | f.Attribute"

_LOOKS = frozenset({"isinstance", "hasattr", "getattr", "type", "issubclass", "callable"})
_ASKED_OF_SHARED = frozenset({"value", "raw", "get_lock", "get_obj", "get", "set"})


class Rebound(Struct, frozen=True):
    """An assignment to the name of a shared value, in `worker`: what it does, what to write
    instead, and where the value is made."""

    name: str
    effect: str
    instead: str
    made: Made
    worker: Worker


def rebound(program: Program, step: f.Step, activation: Activation) -> Rebound | None:
    """For `counter += 1` or `counter = 5`, where `counter` certainly was a shared value: what
    becomes of it. None where the name may well be meant for something else from there on."""
    if not isinstance(step, f.Bind) or len(step.targets) != 1 or step.value is None:
        return None
    (target,) = step.targets
    if not isinstance(target, (f.Name, f.Attribute)):
        return None
    runners = program.runners(activation)
    workers = sorted((r for r in runners if not isinstance(r, str)), key=lambda w: w.order)
    if not workers:
        return None
    made = _value_before(program, step, target, activation)
    if made is None or _is_looked_at(program, step, describe(target), activation):
        return None
    name = describe(target)
    place = f"{name}.value" if made.kind.name.endswith("Value") else f"{name}[…]"
    operator = _operator(step, name)
    if operator is not None:
        effect = f"raises a TypeError, as `{name}` is the shared object itself, and no number"
        return Rebound(name, effect, f"`{place} {operator}= …`", made, workers[0])
    if MAIN in runners and not isinstance(target, f.Name):
        return None
    if not _is_plain(program, step, target, activation) or _is_read(
        program, activation, name, step
    ):
        return None
    effect = f"makes `{name}` a name for something else, and leaves the shared object as it was"
    return Rebound(name, effect, f"`{place} = …`", made, workers[0])


def _operator(step: f.Bind, name: str) -> str | None:
    """The operator of `counter += 1`, or of `counter = counter + 1`."""
    if step.operator is not None:
        return step.operator
    if isinstance(step.value, f.Binary) and len(step.value.operators) == 1:
        if any(describe(operand) == name for operand in step.value.operands):
            return step.value.operators[0]
    return None


def _value_before(
    program: Program, step: f.Bind, target: _Target, activation: Activation
) -> Made | None:
    """The shared value that a name certainly is where a step assigns to it."""
    values = _held(program, target, activation)
    if not any(isinstance(value, Made) and value.kind.role == "value" for value in values):
        return None
    outline = program.outline(activation)
    name = describe(target)
    assigned: Values = JUST_DATA if _operator(step, name) is not None else NOTHING
    for other in f.steps(activation.scope.body):
        for leaf, value in assigning.assigned(other):
            if describe(leaf) != name:
                continue
            if isinstance(other, f.Bind) and _operator(other, name) is not None:
                assigned |= JUST_DATA  # it raises, and assigns nothing
            elif value is None:
                return None  # the turns of a loop, say, give it something else
            else:
                if other is not step and not outline.exclude(other.at, step.at):
                    return None
                assigned |= program.values(value, activation)
    left = [value for value in values if value not in assigned]
    found = [v for v in left if not (isinstance(v, Literal) and v.value is None)]
    if len(found) != 1 or not isinstance(found[0], Made) or found[0].given:
        return None
    return found[0] if found[0].kind.role == "value" else None


def _held(program: Program, target: _Target, activation: Activation) -> Values:
    """All that a variable or attribute can be, its assignments here included."""
    solver = program.solver
    if isinstance(target, f.Name):
        parameters = {parameter.name for parameter in activation.scope.parameters}
        if target.id not in activation.scope.global_names and target.id not in parameters:
            return NOTHING
        cell = solver.variable(activation, target.id)
        return solver.cells.get(cell, NOTHING) if cell is not None else NOTHING
    owners = program.values(target.value, activation)
    if len(owners) != 1 or not all(isinstance(owner, Instance) for owner in owners):
        return NOTHING
    (owner,) = owners
    return solver.cells.get((owner, target.name), NOTHING)


def _is_plain(program: Program, step: f.Bind, target: _Target, activation: Activation) -> bool:
    """Whether a step certainly assigns a number or text; or, to a parameter, a list."""
    assert step.value is not None
    if isinstance(step.value, f.Binary):
        return True
    is_own = isinstance(target, f.Name) and target.id not in activation.scope.global_names
    values = program.values(step.value, activation)
    return bool(values) and all(
        value is DATA
        or (isinstance(value, Literal) and value.value is not None)
        or (isinstance(value, Container) and is_own)
        for value in values
    )


def _is_looked_at(program: Program, step: f.Bind, name: str, activation: Activation) -> bool:
    """Whether a function looks what a name is, or what can be done with it."""
    for inner in f.evaluated(activation.scope.body):
        if isinstance(inner, f.Call) and describe(inner.function) in _LOOKS:
            if inner.arguments and describe(inner.arguments[0].value) == name:
                return True
    return any(
        isinstance(frame.node, f.Try)
        and frame.part == "body"
        and any(_expects_it(handler) for handler in frame.node.handlers)
        for frame in program.outline(activation).around(step.at)
    )


def _expects_it(handler: f.Handler) -> bool:
    if handler.type is None:
        return False
    return any(
        isinstance(inner, f.Name) and inner.id in ("TypeError", "AttributeError")
        for inner in f.within(handler.type)
    )


def _is_read(program: Program, activation: Activation, name: str, assignment: f.Bind) -> bool:
    """Whether a function uses what it has assigned: then the name is a variable of its own. It does
    not where it asks for something that only the shared object has."""
    outline = program.outline(activation)
    loops = [frame.node for frame in outline.loops(assignment.at)]
    for at, expression in outline.expressions.items():
        if describe(expression) != name or outline.step_of(at) is assignment:
            continue
        around = next(outline.around(at), None)
        if around is not None and isinstance(around.node, f.Attribute):
            if around.node.name in _ASKED_OF_SHARED:
                continue
        step = outline.step_of(at)
        if step is not None and any(leaf is expression for leaf, _ in assigning.assigned(step)):
            continue
        if at > assignment.at or any(frame.node in loops for frame in outline.around(at)):
            return True
    return False
