"""What assignments of one step or name mean, without looking further than the syntax."""

from __future__ import annotations

from collections.abc import Iterator

from mplint.model import facts as f
from mplint.model.values import Activation, ClassRef


def is_lasting(owner: object) -> bool:
    """Whether names of this owner are found again by an import: a module, a class in one."""
    if isinstance(owner, Activation):
        return owner.scope.kind == "module"
    outer = owner.outer if isinstance(owner, ClassRef) else None
    while outer is not None and outer.scope.kind == "class":
        outer = outer.outer
    return outer is not None and outer.scope.kind == "module"


def is_path(expression: f.Expr) -> bool:
    """Whether an expression is a dotted name."""
    while isinstance(expression, f.Attribute):
        expression = expression.value
    return isinstance(expression, f.Name)


def assigned(step: f.Step, *, inside: bool = True) -> Iterator[tuple[f.Expr, f.Expr | None]]:
    """The names and attributes that a step sets, each with what to, as far as that is one
    expression; unless `inside` is false, by the `:=` in its expressions as well."""
    match step:
        case f.Bind(targets=targets, value=value, operator=operator) if value is not None:
            for target in targets:
                for leaf in f.leaves(target):
                    yield leaf, value if leaf is target and operator is None else None
        case f.For(target=target):
            for leaf in f.leaves(target):
                yield leaf, None
        case f.With(items=items):
            for _, maybe in items:
                for leaf in f.leaves(maybe) if maybe is not None else ():
                    yield leaf, None
    for walrus in f.walruses(*f.expressions(step)) if inside else ():
        for leaf in f.leaves(walrus.target):
            yield leaf, walrus.value
