"""Values that look like facts of the program and are facts of one process."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.state.globals import Place
from mplint.model.values import Literal as Constant
from mplint.model.values import Named, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Worker
    from mplint.model.program import Program


class Differing(Struct, frozen=True):
    """A call in a worker whose result is another one in each process."""

    at: Site
    worker: Worker
    what: Literal["hash", "parent"]
    start_methods: tuple[str, ...]


class Identity:
    """The questions about such values, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.globals = program.globals

    def differing(self, path: Path) -> list[Differing]:
        """The calls of a file whose results processes do not agree on."""
        return [found for found in self._differing if found.at.path == path]

    @cached_property
    def _differing(self) -> list[Differing]:
        found: dict[Site, Differing] = {}
        for (activation, at), path in self.program.record.externals.items():
            if path not in ("hash", "os.getppid"):
                continue
            place = Place(activation, at)
            for worker in self.globals.workers_at(activation):
                one = self._differs(place, worker, path)
                if one is not None:
                    found.setdefault(one.at, one)
        return sorted(found.values(), key=lambda one: (str(one.at.path), one.at.at))

    def _differs(self, place: Place, worker: Worker, path: str) -> Differing | None:
        methods = self.globals.start_methods(worker)
        if path == "os.getppid":
            methods = tuple(method for method in methods if method == "forkserver")
            return Differing(place.site, worker, "parent", methods) if methods else None
        several = len(self.program.runners(place.activation)) > 1
        if not methods or not (several or self.program.sharing.is_many(worker)):
            return None
        call = self.program.outline(place.activation).expressions.get(place.at)
        if not isinstance(call, f.Call) or len(call.arguments) != 1:
            return None
        if not self._is_text(call.arguments[0].value, place):
            return None
        return Differing(place.site, worker, "hash", methods)

    def _is_text(self, expression: f.Expr, place: Place) -> bool:
        """Whether an expression is certainly a text, or has one in it."""
        if isinstance(expression, f.Text):
            return True
        if isinstance(expression, f.Display):
            return any(self._is_text(item, place) for item in expression.items)
        if isinstance(expression, f.Call):
            functions = self.program.values(expression.function, place.activation)
            return bool(functions) and all(
                isinstance(value, Named) and value.path in ("str", "repr") for value in functions
            )
        if isinstance(expression, f.Name):
            for annotation in self._annotations(expression.id, place):
                if isinstance(annotation, f.Name) and annotation.id in ("str", "bytes"):
                    return True
        values = self.program.values(expression, place.activation)
        texts = [v for v in values if isinstance(v, Constant) and isinstance(v.value, (str, bytes))]
        return bool(values) and len(texts) == len(values)

    def _annotations(self, name: str, place: Place) -> Iterator[f.Expr]:
        for parameter in place.activation.scope.parameters:
            if parameter.name == name and parameter.annotation is not None:
                yield parameter.annotation
