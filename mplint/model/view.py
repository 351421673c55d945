"""The model as a rule sees it: from a syntax node of one file to the objects behind it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import libcst as cst

from mplint.model import facts as f
from mplint.model.extract import Lowered
from mplint.model.program import Operation, Program
from mplint.model.values import Activation, Site, Values


class View:
    """One file of a program. Answers are given per activation of the function around a node: what
    is true in one of them is true in some run of the program."""

    def __init__(self, program: Program, path: Path, lowered: Lowered) -> None:
        self.program = program
        self.path = path
        self.lowered = lowered

    # From nodes to the model --------------------------------------------------------------------

    def number(self, node: cst.CSTNode) -> int | None:
        """The number of a node among the file's facts."""
        return self.lowered.numbers.get(id(node))

    def site(self, node: cst.CSTNode) -> Site:
        at = self.number(node)
        assert at is not None, node
        return Site(self.path, at)

    def activations(self, node: cst.CSTNode) -> list[Activation]:
        """The activations of the function that a node stands in."""
        at = self.number(node)
        if at is None:
            return []
        scope = self.lowered.facts.scopes[self.lowered.scope_of[at]]
        return self.program.activations(scope)

    def expression(self, node: cst.CSTNode) -> f.Expr | None:
        """The expression that a node was lowered to."""
        at = self.number(node)
        if at is None:
            return None
        scope = self.lowered.facts.scopes[self.lowered.scope_of[at]]
        for activation in self.program.activations(scope):
            return self.program.outline(activation).expressions.get(at)
        return None

    def values(self, node: cst.CSTNode) -> Iterator[tuple[Activation, Values]]:
        """What an expression can be, per activation."""
        expression = self.expression(node)
        if expression is not None:
            for activation in self.activations(node):
                yield activation, self.program.values(expression, activation)

    def operations(self, node: cst.Call, *verbs: str) -> list[Operation]:
        """What a call does to followed objects."""
        at = self.number(node)
        if at is None:
            return []
        return [
            operation
            for activation in self.activations(node)
            for operation in self.program.operations_at.get((activation, at), ())
            if not verbs or operation.does in verbs
        ]
