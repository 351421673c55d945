"""What can raise, and what catches it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from mplint.catalog import python, things
from mplint.model import facts as f
from mplint.model.paths.quiet import is_quiet
from mplint.model.values import (
    DATA,
    UNKNOWN,
    Activation,
    ClassRef,
    Container,
    Instance,
    Literal,
    Made,
    Named,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.program import Program

ANY = "any error"
"""What unknown code raises: some Exception, nobody knows which."""

Error: TypeAlias = "str | ClassRef"
"""What is raised: ANY, the dotted name of a library's exception, or a class of the project."""

LIKELY, USUAL, RARE = 4, 2, 0
"""The weights of failures: calls of what users bring along are likely to fail, and calls of
libraries are not."""


def raises(call: f.Call, path: str | None) -> bool:
    """Whether a call of code that we do not see can raise on ordinary data."""
    if path is not None:
        return not is_quiet(path)
    if isinstance(call.function, f.Attribute):
        return call.function.name not in python.QUIET_METHODS
    return True


class Raising:
    """The questions about what raises, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def foreseen(
        self, call: f.Call, path: str | None, activation: Activation
    ) -> Iterator[tuple[Error, int]]:
        """The errors with a name that a call of code out of sight (of a library's function, where
        it has a path) is known for, and how likely each is."""
        if isinstance(call.function, f.Attribute) and call.function.name in python.SEARCHES:
            yield "ValueError", USUAL
        if self._opens(activation, call.at) and not self._is_there(call, activation):
            yield "OSError", LIKELY
        if path in python.CONVERSIONS and self._is_text(call, activation):
            yield "ValueError", USUAL

    def unforeseen(self, call: f.Call, path: str | None, activation: Activation) -> int | None:
        """How likely it is that a call of code out of sight raises anything; None for not at all.
        More so in a loop over the work."""
        if not raises(call, path) or self._is_harmless(activation, call.at, path):
            return None
        looped = bool(self.program.outline(activation).loops(call.at))
        return (RARE if path is not None else LIKELY) + looped

    def thrown(self, value: f.Expr, activation: Activation) -> list[Error]:
        """What a `raise` of an expression raises."""
        expression = value.function if isinstance(value, f.Call) else value
        found: list[Error] = []
        for raised in self.program.values(expression, activation):
            if isinstance(raised, Named):
                found.append(raised.path)
            elif isinstance(raised, ClassRef):
                found.append(raised)
            elif isinstance(raised, Instance):
                found.append(raised.cls)
        return found or [ANY]

    def is_dict(self, expression: f.Subscript, activation: Activation) -> bool:
        """Whether a variable key is looked up in a plain dict."""
        if isinstance(expression.index, f.Constant):
            return False
        owners = self.program.values(expression.value, activation)
        return bool(owners) and all(
            isinstance(owner, Container) and owner.shape == "dict" for owner in owners
        )

    def may_lack(self, expression: f.Subscript, activation: Activation) -> bool:
        """Whether data from elsewhere is asked for a key that it may not have."""
        index = expression.index
        program = self.program
        owners = program.values(expression.value, activation)
        if isinstance(index, f.Constant) and isinstance(index.value, str):
            return any(
                value is UNKNOWN or value is DATA or self._lacks(value, index.value)
                for value in owners
            )
        # `HANDLERS[request]`, where the request comes from another process
        return self.is_dict(expression, activation) and bool(
            program.sentinels.source(index, activation)
        )

    def _lacks(self, value: Value, key: str) -> bool:
        """Whether a dict is written out, and without a key."""
        solver = self.program.solver
        return (
            isinstance(value, Container)
            and value.shape == "dict"
            and value not in solver.escapes
            and (value, "any") not in solver.cells
            and key not in solver.keys.get(value, ())
        )

    def swallowed(self, manager: f.Expr, activation: Activation) -> Values | None:
        """The exceptions that a context manager may swallow; None for none."""
        if isinstance(manager, f.Call):
            for value in self.program.values(manager.function, activation):
                if isinstance(value, Named):
                    if value.path == "contextlib.suppress" or value.path.endswith(".raises"):
                        types: set[Value] = set()
                        for argument in manager.arguments:
                            types |= self.program.values(argument.value, activation)
                        return frozenset(types)
        if isinstance(manager, f.Call) and isinstance(manager.function, f.Attribute):
            if manager.function.name in ("assertRaises", "assertRaisesRegex", "subTest", "raises"):
                return frozenset({Named("BaseException")})
        for callee in self.program.callees_at.get((activation, manager.at), ()):
            if callee.scope.name == "__exit__" and _returns_something(callee.scope):
                return frozenset({Named("BaseException")})
        return None

    def _is_harmless(self, activation: Activation, at: int, path: str | None) -> bool:
        """Whether a call runs only functions of files that are not followed, and none can raise."""
        called = self.program.record.deferred.get((activation, at), ())
        quiet = self.program.quiet
        return any(path == f"?{value.name}" for value in called) and all(
            quiet.call(value.path, value.name) for value in called
        )

    def _is_text(self, call: f.Call, activation: Activation) -> bool:
        """Whether a call is given data from elsewhere, or a text that is no number."""
        given = [argument.value for argument in call.arguments]
        values = self.program.values(given[0], activation) if len(given) == 1 else ()
        return any(value is UNKNOWN or _is_no_number(value) for value in values)

    def _opens(self, activation: Activation, at: int) -> bool:
        """Whether a call opens a file or a connection, which may not be there."""
        made = self.program.record.made.get((activation, at), ())
        return any(isinstance(v, Made) and v.kind.role == "file" for v in made)

    def _is_there(self, call: f.Call, activation: Activation) -> bool:
        """Whether what a call opens is a temporary file, which somebody has made for that, as far
        as it is known."""
        if not call.arguments:
            return False
        known = {
            isinstance(value, Made) and value.kind is things.TEMPORARY
            for value in self.program.values(call.arguments[0].value, activation)
            if not (value is UNKNOWN or (isinstance(value, Literal) and value.value is None))
        }
        return known == {True}


_SAME = {
    "Queue.Empty": "queue.Empty",
    "Queue.Full": "queue.Full",
    "_queue.Empty": "queue.Empty",
    "multiprocessing.queues.Empty": "queue.Empty",
    "multiprocessing.queues.Full": "queue.Full",
    "multiprocessing.context.TimeoutError": "multiprocessing.TimeoutError",
    "asyncio.TimeoutError": "TimeoutError",
    "concurrent.futures.TimeoutError": "TimeoutError",  # from 3.11 on
}
"""Exceptions that go by several names."""


def catches(program: Program, types: Values, error: Error) -> bool | None:
    """Whether a handler for `types` catches an error."""
    answers = set()
    for value in types:
        if isinstance(value, Container):
            inner = program.solver.cells.get((value, "all"), frozenset())
            answers.add(catches(program, inner, error))
        elif isinstance(value, Named):
            answers.add(_named_catches(value.path, error, program))
        elif isinstance(value, ClassRef):
            answers.add(_class_catches(value, error, program))
        else:
            answers.add(None)
    if True in answers:
        return True
    return False if answers == {False} or not answers else None


def _named_catches(path: str, error: Error, program: Program) -> bool | None:
    if path == "BaseException":
        return True
    if path == "Exception":
        if isinstance(error, ClassRef):
            return _class_catches_named(error, "Exception", program)
        return error not in ("SystemExit", "KeyboardInterrupt", "GeneratorExit")
    if error == ANY:
        return False if path in python.NARROW_EXCEPTIONS else None
    if isinstance(error, ClassRef):
        return _class_catches_named(error, path, program)
    caught, raised = python.EXCEPTIONS.get(path), python.EXCEPTIONS.get(error)
    if caught is not None and raised is not None:
        return issubclass(raised, caught)
    path, error = _SAME.get(path, path), _SAME.get(error, error)
    if path == error:
        return True
    # another library's exception of the same name may be the same class
    same_name = path.rpartition(".")[2] == error.rpartition(".")[2]
    return None if same_name and path not in python.EXCEPTIONS else False


def _class_catches_named(error: ClassRef, path: str, program: Program) -> bool | None:
    for base in program.solver.ancestry(error):
        if isinstance(base, Named):
            if _named_catches(path, base.path, program):
                return True
        elif not isinstance(base, ClassRef):
            return None
    return False


def _class_catches(cls: ClassRef, error: Error, program: Program) -> bool | None:
    if error == ANY:
        return None
    if isinstance(error, ClassRef):
        return cls in program.solver.ancestry(error)
    return False


def _is_no_number(value: Value) -> bool:
    if not isinstance(value, Literal) or not isinstance(value.value, str):
        return False
    try:
        float(value.value)
    except ValueError:
        return True
    return False


def _returns_something(scope: f.Scope) -> bool:
    """Whether an `__exit__` can return something true."""
    return any(
        isinstance(step, f.Leave)
        and step.kind == "return"
        and step.value is not None
        and not (isinstance(step.value, f.Constant) and not step.value.value)
        for step in f.steps(scope.body)
    )
