"""Tests whose answer comes from code that we do not know: it may be another one in a child."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mplint import catalog
from mplint.model import facts as f

if TYPE_CHECKING:
    from mplint.model.outline import Around
    from mplint.model.program import Program
    from mplint.model.values import Activation

_KNOWN = sys.stdlib_module_names | {known.root.partition(".")[0] for known in catalog.LIBRARIES}
"""What Python and the libraries that start processes say, they say in a child as well."""

MAX_PARTS = 200
"""Expressions behind one test, in what its variables are set to."""


class Strangers:
    """Of a program, who decides whether a module goes on."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def decide(self, module: Activation, at: int) -> bool:
        """Whether a place of a module is come to only when a library that we do not know says so:
        whether a button is pressed, which is so in a page and in none of its children."""
        return any(
            self._asks(test, module)
            for frame in self.program.outline(module).around(at)
            for test in _tests(frame)
        )

    def _asks(self, test: f.Expr, module: Activation) -> bool:
        """Whether a test calls such a library, or something that such a call has returned."""
        outline = self.program.outline(module)
        todo, seen = [test], set[str]()
        for _ in range(MAX_PARTS):
            if not todo:
                break
            expression = todo.pop()
            match expression:
                case f.Call(function=function):
                    if self._is_strange(function, module):
                        return True
                case f.Name(id=name) if name not in seen:
                    seen.add(name)
                    bound = outline.bindings.get(name, ())[:MAX_PARTS]
                    todo += [each.value for each in bound if each.value is not None]
            todo += f.parts(expression)
        return False

    def _is_strange(self, function: f.Expr, module: Activation) -> bool:
        """Whether a function is one of a library that we do not know."""
        while isinstance(function, f.Attribute):
            function = function.value
        if not isinstance(function, f.Name):
            return False
        bound = self.program.outline(module).bindings.get(function.id, ())
        imports = [binding.value for binding in bound if isinstance(binding.value, f.Imported)]
        return any(self._is_unknown(imported, module) for imported in imports)

    def _is_unknown(self, imported: f.Imported, module: Activation) -> bool:
        loader = self.program.solver.loader
        found = loader.resolve(module.path, imported.module, imported.name, imported.level)
        top = imported.module.partition(".")[0]
        return found.path is None and not imported.level and top not in _KNOWN


def _tests(frame: Around) -> list[f.Expr]:
    """The tests that let through what is inside a frame."""
    match frame.node:
        case f.Branch(arms=arms):
            last = frame.index + 1 if frame.part == "body" else len(arms)
            return [test for test, _ in arms[:last]] if frame.part != "test" else []
    return []
