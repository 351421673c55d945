"""What each kind of expression evaluates to, with the effects that this has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mplint import catalog
from mplint.model import facts as f
from mplint.model.loading.names import BUILTINS
from mplint.model.solving import calls, classes, containers
from mplint.model.values import (
    JUST_DATA,
    JUST_UNKNOWN,
    NOTHING,
    UNKNOWN,
    Activation,
    Container,
    Deferred,
    FunctionRef,
    Literal,
    ModuleRef,
    Named,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.solving.solve import Solver


def _name(solver: Solver, expression: f.Name, activation: Activation) -> Values:
    cell = solver.variable(activation, expression.id)
    if cell is not None:
        seen = solver.reaching[activation.scope].reads.get(expression.at)
        if seen and cell[0] is activation:
            values = NOTHING
            for at in seen:
                values |= solver.read((activation, (expression.id, at)))
        else:
            values = solver.read(cell)
        if not values and solver.closing:
            return JUST_UNKNOWN
        return values
    if expression.id == "__name__":
        return JUST_DATA
    found = _from_star(solver, expression.id, activation)
    if found:
        return found
    if expression.id in BUILTINS:
        return frozenset({solver.intern(Named, expression.id, None)})
    return JUST_UNKNOWN if solver.closing else NOTHING


def _from_star(solver: Solver, name: str, activation: Activation) -> Values:
    solver.read((activation.path, "*"))
    if name.startswith("_"):
        return NOTHING
    for star in solver.star_imports.get(activation.path, ()):
        found = solver.loader.resolve(activation.path, star.module, name, star.level)
        if found.path is not None and found.name is not None:
            values = solver.global_name(found.path, found.name)
            needed = any(not isinstance(value, Deferred) for value in values)
            if needed or solver.loader.defines(found.path, found.name):
                return values
        elif found.path is None and catalog.find(f"{star.module}.{name}") is not None:
            return frozenset({solver.intern(Named, f"{star.module}.{name}", None)})
    return NOTHING


def _imported(solver: Solver, expression: f.Imported, activation: Activation) -> Values:
    found = solver.loader.resolve(
        activation.path, expression.module, expression.name, expression.level
    )
    if found.path is None:
        return frozenset({solver.intern(Named, found.name, None)})
    if found.name is None:
        return frozenset({solver.intern(ModuleRef, found.path)})
    return solver.global_name(found.path, found.name)


def _attribute(solver: Solver, expression: f.Attribute, activation: Activation) -> Values:
    found: set[Value] = set()
    if solver.record is not None and expression.name in ("exitcode", "sentinel"):
        solver.record.looks.add((activation, expression.at))
    for value in solver.evaluate(expression.value, activation):
        if value is UNKNOWN and solver.record is not None:
            places = solver.record.strangers.setdefault(expression.name, set())
            places.add((activation, expression.at))
        found |= classes.attribute(solver, value, expression.name, activation, expression.at)
    if not found and solver.closing:
        return JUST_UNKNOWN
    return frozenset(found)


def _call(solver: Solver, expression: f.Call, activation: Activation) -> Values:
    functions = solver.evaluate(expression.function, activation)
    functions = solver.replacing.called(functions, expression, activation)
    arguments = calls.arguments(solver, expression, activation)
    site = calls.CallSite(activation, expression.at, expression)
    results: set[Value] = set()
    for function in functions or (JUST_UNKNOWN if solver.closing else NOTHING):
        results |= calls.call(solver, function, site, arguments)
    return frozenset(results)


def _constant(solver: Solver, expression: f.Constant, activation: Activation) -> Values:
    return frozenset({solver.intern(Literal, expression.value)})


def _display(solver: Solver, expression: f.Display, activation: Activation) -> Values:
    made = containers.make(solver, expression.shape, activation, expression.at)
    index: int | None = 0
    for item in expression.items:
        values = solver.evaluate(item, activation)
        if isinstance(item, f.Star):
            containers.put(solver, made, solver.iterate(values, activation, item.at))
            if index and expression.shape == "tuple":
                solver.prefix[made] = index
            index = None
        else:
            containers.put(solver, made, values, index)
            index = None if index is None else index + 1
    if index is not None and expression.shape != "set":
        solver.arity[made] = index
    return frozenset({made})


def _dict(solver: Solver, expression: f.DictDisplay, activation: Activation) -> Values:
    made = containers.make(solver, "dict", activation, expression.at)
    for key, item in expression.items:
        values = solver.evaluate(item, activation)
        if key is None:
            for value in values:
                containers.merge(solver, made, value, activation, expression.at)
            continue
        solver.add((made, "keys"), solver.evaluate(key, activation))
        containers.put(solver, made, values, containers.key_of(solver, key, activation))
    return frozenset({made})


def _comprehension(solver: Solver, expression: f.Comprehension, activation: Activation) -> Values:
    for clause in expression.clauses:
        sources = solver.evaluate(clause.source, activation)
        elements = solver.iterate(sources, activation, clause.source.at)
        solver.assign(clause.target, elements, activation)
        for test in clause.tests:
            solver.evaluate(test, activation)
    made = containers.make(solver, expression.shape, activation, expression.at)
    if expression.key is not None:
        solver.add((made, "keys"), solver.evaluate(expression.key, activation))
    containers.put(solver, made, solver.evaluate(expression.element, activation))
    return frozenset({made})


def _lambda(solver: Solver, expression: f.Lambda, activation: Activation) -> Values:
    scope = solver.files[activation.path].scopes[expression.scope]
    function = solver.intern(FunctionRef, activation.path, scope, activation, None)
    solver.functions[function] = None
    return frozenset({function})


def _subscript(solver: Solver, expression: f.Subscript, activation: Activation) -> Values:
    owners = solver.evaluate(expression.value, activation)
    if isinstance(expression.index, f.Slice):
        _parts(solver, expression.index, activation)
        return frozenset(value if isinstance(value, Container) else UNKNOWN for value in owners)
    key = containers.key_of(solver, expression.index, activation)
    found: set[Value] = set()
    for owner in owners:
        found |= containers.get_item(solver, owner, key, activation, expression.at)
    return frozenset(found)


def _boolean(solver: Solver, expression: f.Boolean, activation: Activation) -> Values:
    found: set[Value] = set()
    for operand in expression.operands:
        found |= solver.evaluate(operand, activation)
    return frozenset(found)


def _conditional(solver: Solver, expression: f.Conditional, activation: Activation) -> Values:
    solver.evaluate(expression.test, activation)
    then = solver.evaluate(expression.then, activation)
    return then | solver.evaluate(expression.otherwise, activation)


def _binary(solver: Solver, expression: f.Binary, activation: Activation) -> Values:
    operands = [solver.evaluate(operand, activation) for operand in expression.operands]
    return containers.combine(solver, expression, operands, activation)


def _through(solver: Solver, expression: f.Await | f.Star, activation: Activation) -> Values:
    return solver.evaluate(expression.value, activation)


def _yield(solver: Solver, expression: f.Yield, activation: Activation) -> Values:
    if expression.value is not None:
        values = solver.evaluate(expression.value, activation)
        if expression.delegates:
            values = solver.iterate(values, activation, expression.at)
        containers.put(solver, containers.generator_of(solver, activation), values)
    return JUST_UNKNOWN


def _walrus(solver: Solver, expression: f.Walrus, activation: Activation) -> Values:
    values = solver.evaluate(expression.value, activation)
    solver.assign(expression.target, values, activation)
    return values


def _parts(solver: Solver, expression: f.Expr, activation: Activation) -> Values:
    for part in f.parts(expression):
        solver.evaluate(part, activation)
    return JUST_DATA


EVALUATE: dict[type, Callable[[Solver, Any, Activation], Values]] = {
    f.Name: _name,
    f.Attribute: _attribute,
    f.Call: _call,
    f.Constant: _constant,
    f.Display: _display,
    f.DictDisplay: _dict,
    f.Comprehension: _comprehension,
    f.Lambda: _lambda,
    f.Subscript: _subscript,
    f.Slice: _parts,
    f.Unary: _parts,
    f.Binary: _binary,
    f.Boolean: _boolean,
    f.Comparison: _parts,
    f.Conditional: _conditional,
    f.Await: _through,
    f.Yield: _yield,
    f.Walrus: _walrus,
    f.Star: _through,
    f.Imported: _imported,
    f.Text: _parts,
}
"""By kind of expression, what evaluates it."""
