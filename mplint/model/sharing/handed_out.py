"""Changes of what a manager's object has handed out: a copy, which nobody else sees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.values import Activation, Container, Instance, Made, Value

if TYPE_CHECKING:
    from mplint.model.program import Program

CHANGES = frozenset(
    {
        "add",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "extendleft",
        "insert",
        "pop",
        "popitem",
        "popleft",
        "remove",
        "reverse",
        "setdefault",
        "sort",
        "update",
    }
)
"""Methods that change a list, dict, set or deque."""


class LostChange(Struct, frozen=True):
    """A statement that changes `element`, a copy of what is in `proxy`."""

    written: str
    element: str
    proxy: Made


def lost_change(program: Program, step: f.Step, activation: Activation) -> LostChange | None:
    """The change of a copy that a statement makes, and that goes nowhere."""
    for changed, written in _changed(step):
        found = _copy(program, changed, activation)
        if found is not None:
            return LostChange(written, *found)
        if isinstance(changed, f.Name):
            found = _kept_copy(program, changed, activation)
            if found is not None:
                return LostChange(written, *found)
    return None


def _changed(step: f.Step) -> Iterator[tuple[f.Expr, str]]:
    """The objects that a statement changes in place, each with how that is written."""
    if isinstance(step, f.Evaluate) and isinstance(step.value, f.Call):
        function = step.value.function
        if isinstance(function, f.Attribute) and function.name in CHANGES:
            yield function.value, f"{describe(function)}()"
    if isinstance(step, (f.Bind, f.Forget)):
        for target in step.targets:
            if isinstance(target, (f.Subscript, f.Attribute)):
                sign = "del " if isinstance(step, f.Forget) else ""
                operator = f" {step.operator or ''}= …" if isinstance(step, f.Bind) else ""
                yield target.value, f"{sign}{describe(target)}{operator}"


def _copy(program: Program, expression: f.Expr, activation: Activation) -> tuple[str, Made] | None:
    """The element of a manager's object that an expression is a copy of."""
    values = program.objects(program.values(expression, activation))
    if not values or not all(isinstance(value, (Container, Instance)) for value in values):
        return None
    proxy = _handed_out(program, expression, activation)
    return (describe(expression), proxy) if proxy is not None else None


def _handed_out(program: Program, expression: f.Expr, activation: Activation) -> Made | None:
    """The manager's object that hands an element out, or something inside of one."""
    owner: f.Expr
    match expression:
        case f.Subscript(value=owner):
            proxy = _proxy(program, owner, activation, ("dict", "list"))
            return proxy or _handed_out(program, owner, activation)
        case f.Attribute(value=owner):
            return _proxy(program, owner, activation, ("Namespace",))
        case f.Call(function=f.Attribute(value=owner, name="get")):
            return _proxy(program, owner, activation, ("dict",))
    return None


def _proxy(
    program: Program, owner: f.Expr, activation: Activation, names: tuple[str, ...]
) -> Made | None:
    values: list[Value] = program.objects(program.values(owner, activation))
    if len(values) != 1 or not isinstance(values[0], Made):
        return None
    made = values[0]
    wanted = made.kind.role == "proxy" and made.kind.family == "manager"
    return made if wanted and made.kind.name in names else None


def _kept_copy(program: Program, name: f.Name, activation: Activation) -> tuple[str, Made] | None:
    """The element that a variable is a copy of, which is changed and never looked at again."""
    outline = program.outline(activation)
    if name.id in program.solver.shared[activation.path]:
        return None
    bindings = outline.bindings.get(name.id, [])
    if len(bindings) != 1 or any(p.name == name.id for p in activation.scope.parameters):
        return None
    found = None
    if bindings[0].value is not None and bindings[0].whole:
        found = _copy(program, bindings[0].value, activation)
    for step in outline.turns.get(name.id, ()):
        found = _turn_of(program, step, activation)
    if found is None or _is_read(outline.steps.values(), name.id):
        return None
    return found


def _turn_of(program: Program, step: f.For, activation: Activation) -> tuple[str, Made] | None:
    """`for row in rows` of a manager's list, or `for row in table.values()` of its dict."""
    source = step.source
    if isinstance(source, f.Call) and isinstance(source.function, f.Attribute):
        if source.function.name != "values" or source.arguments:
            return None
        proxy = _proxy(program, source.function.value, activation, ("dict",))
    else:
        proxy = _proxy(program, source, activation, ("list",))
    if proxy is None:
        return None
    values = program.objects(program.solver.cells.get((proxy, "item"), frozenset()))
    if not values or not all(isinstance(value, (Container, Instance)) for value in values):
        return None
    return describe(step.target), proxy


def _is_read(steps: Iterable[f.Step], name: str) -> bool:
    """Whether a variable is used for something else than being changed."""
    for step in steps:
        changed = {expression.at for expression, _ in _changed(step)}
        targets = {leaf.at for leaf in _targets(step)}
        for inner in f.within(*f.expressions(step)):
            if isinstance(inner, f.Name) and inner.id == name:
                if inner.at not in changed and inner.at not in targets:
                    return True
    return False


def _targets(step: f.Step) -> Iterator[f.Expr]:
    match step:
        case f.Bind(targets=targets):
            for target in targets:
                yield from f.leaves(target)
        case f.For(target=target):
            yield from f.leaves(target)
