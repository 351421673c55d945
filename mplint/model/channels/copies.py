"""Names that are taken for different objects and are one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.values import Activation, Literal, Made, Site

if TYPE_CHECKING:
    from mplint.model.program import Program


class Repeated(Struct, frozen=True):
    """One object under many names: what it is, where it is made, and how to make several."""

    noun: str
    made: Site
    times: str
    cure: str


class Copies:
    """The questions about names for one object, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def repeated(self, expression: f.Expr, activation: Activation) -> Repeated | None:
        """For `[Queue()] * n` or `dict.fromkeys(names, Queue())`: the object that is made once and
        is in every place. None for other expressions, and for what goes straight into a call, such
        as `zip`, that wants the same object every time."""
        frame = next(self.program.outline(activation).around(expression.at), None)
        if frame is not None and isinstance(frame.node, f.Call):
            return None
        match expression:
            case f.Binary(operators=("*",), operands=(f.Display(items=(item,)), times)):
                pass
            case f.Binary(operators=("*",), operands=(times, f.Display(items=(item,)))):
                pass
            case f.Call(arguments=(f.Argument(value=times), f.Argument(value=item))):
                externals = self.program.record.externals
                if externals.get((activation, expression.at)) != "dict.fromkeys":
                    return None
                made = self._made(item, activation)
                if made is None:
                    return None
                cure = f"{{key: {describe(item)} for key in {describe(times)}}}"
                return Repeated(_bare(made), made.site, "every key", cure)
            case _:
                return None
        made = self._made(item, activation)
        if made is None or self._is_single(times, activation):
            return None
        cure = f"[{describe(item)} for _ in range({describe(times)})]"
        return Repeated(_bare(made), made.site, "every place of the list", cure)

    def _made(self, item: f.Expr, activation: Activation) -> Made | None:
        """The object of processes that an expression itself makes."""
        made = self.program.record.made.get((activation, item.at), ())
        found = [value for value in made if isinstance(value, Made)]
        if not found or any(value.kind.family != "process" for value in found):
            return None
        roles = ("queue", "connection", "lock", "event", "condition", "barrier", "value", "process")
        return found[0] if found[0].kind.role in roles else None

    def _is_single(self, times: f.Expr, activation: Activation) -> bool:
        values = self.program.values(times, activation)
        return any(
            isinstance(value, Literal) and isinstance(value.value, int) and value.value <= 1
            for value in values
        )


def _bare(made: Made) -> str:
    """What an object is called, without the article."""
    return made.kind.noun.partition(" ")[2]
