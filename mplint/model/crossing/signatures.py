"""Whether arguments fit what they are given to: the target of a process, the task of a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.catalog import python
from mplint.model import facts as f
from mplint.model.crossing.sorts import Sorts
from mplint.model.facts import describe
from mplint.model.solving import calls
from mplint.model.solving.binding import TRANSPARENT, misfit
from mplint.model.values import (
    DATA,
    Container,
    FunctionRef,
    Instance,
    Literal,
    Made,
    Named,
    Site,
    Value,
    Values,
)

if TYPE_CHECKING:
    from mplint.model.crossing.handover import Handover
    from mplint.model.nouns import Worker
    from mplint.model.program import Program


class Called(Struct, frozen=True):
    """A function that is called where it should be given: its result is none that can be called."""

    at: Site
    result: str
    effect: str
    instead: str


class Unpacked(Struct, frozen=True):
    """Arguments that are no tuple: what is given instead, and what becomes of it."""

    at: Site
    what: str
    effect: str
    instead: str


class Misfit(Struct, frozen=True):
    """Arguments that a function does not take: in words, and where it is defined."""

    why: str
    effect: str
    defined: Site


class Idle(Struct, frozen=True):
    """A function whose call runs nothing: what its call gives, and what becomes of that."""

    name: str
    what: str
    effect: str
    defined: Site


class Signatures:
    """The questions of this room, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.sorts = Sorts(program)

    # A call instead of a function ---------------------------------------------------------------

    def called(self, given: Handover) -> Called | None:
        """A function that is called while it is given: `target=work()`."""
        call = given.function
        if not isinstance(call, f.Call):
            return None
        functions = self.program.values(call.function, given.activation)
        if not functions or not all(self._is_followed(function) for function in functions):
            return None
        results = {
            self._not_callable(value) for value in self.program.values(call, given.activation)
        }
        if any(
            isinstance(function, FunctionRef) and _returns_nothing(function.scope)
            for function in functions
        ):
            results.add("None")
        if None in results or not results:
            return None
        result = " or ".join(sorted(text for text in results if text is not None))
        effect = given.fails("a TypeError")
        if results == {"None"} and given.how in ("target", "initializer") and not given.index:
            effect = (
                "the child process does nothing at all and ends with exit status 0"
                if given.how == "target"
                else "the workers are not initialized"
            )
        at = Site(given.activation.path, call.at)
        return Called(at, result, effect, _instead_of_call(given, call))

    def _is_followed(self, function: Value) -> bool:
        """Whether we see all that a function gives back."""
        if isinstance(function, FunctionRef):
            return self._is_plain(function) and not _is_stub(function.scope)
        return isinstance(function, Named) and function.path in python.PLAIN_RESULTS

    def _is_plain(self, function: FunctionRef) -> bool:
        """Whether a call of a function is a call of what is written there."""
        names = self.program.solver.decorations.get(function.scope, frozenset())
        return names <= TRANSPARENT

    def _not_callable(self, value: Value) -> str | None:
        """What something is that cannot be called, in words; None when it can or may."""
        match value:
            case Literal(value=constant):
                # an explicit None may stand for "nothing to run"
                return repr(constant) if constant is not None else None
            case Container(shape=shape):
                return f"a {_SHAPES.get(shape, 'collection')}"
            case Made(kind=kind) if kind.role not in ("thing", "proxy", "context", "file"):
                return kind.noun
            case Instance(cls=cls) if self.sorts.lacks(cls, "__call__"):
                return f"an object of `{cls.name}`"
        return "a value that cannot be called" if value is DATA else None

    # Arguments that are no tuple ----------------------------------------------------------------

    def unpacked(self, given: Handover) -> Unpacked | None:
        """Arguments that are given as one thing where a tuple of them belongs: `args=(queue)`."""
        if given.how == "starmap" and given.items:
            return self._items_unpacked(given, given.items[0])
        packed = given.packed
        if packed is None or isinstance(packed, (f.Display, f.Comprehension)):
            return None
        values = self.program.values(packed, given.activation)
        if self.sorts.is_number(packed, given.activation):
            kinds = {"a number"}
        elif isinstance(packed, f.Text):
            kinds = {"a text"}
        else:
            kinds = {self.sorts.no_tuple(value) or "" for value in values}
        if not kinds or "" in kinds:
            return None
        if kinds <= {"a text", "a dict", "bytes"}:
            if self._fits_by_accident(values, given):
                return None
            effect = f"{_SPREAD[min(kinds)]}, and {given.fails('a TypeError')}"
        elif given.how == "target" and not given.index:
            effect = "the constructor raises a TypeError, as that is no collection of arguments"
        else:
            effect = given.fails("a TypeError")
        at = Site(given.activation.path, packed.at)
        return Unpacked(at, min(kinds), effect, f"({describe(packed)},)")

    def _items_unpacked(self, given: Handover, items: f.Expr) -> Unpacked | None:
        """The items of `starmap`, each of which is to be a tuple."""
        if not (isinstance(items, f.Call) and self.sorts.calls(items, given.activation, "range")):
            values = self.program.values(items, given.activation)
            held = self.program.solver.iterate(values, given.activation, items.at)
            if not held or any(self.sorts.no_tuple(value) != "a number" for value in held):
                return None
        at = Site(given.activation.path, items.at)
        effect = given.fails("a TypeError")
        return Unpacked(at, "a collection of numbers", effect, "a list of tuples, or use `map`")

    def _fits_by_accident(self, values: Values, given: Handover) -> bool:
        """Whether the characters of a text, or the keys of a dict, are as many as are taken."""
        lengths = set()
        for value in values:
            if isinstance(value, Literal):
                lengths.add(len(value.value))
            elif isinstance(value, Container):
                lengths.add(len(self.program.solver.keys.get(value, ())))
        functions = self._functions(given)
        return any(
            self._misfit(function, given, length, frozenset()) is None
            for function in functions or ()
            for length in lengths
        )

    # Arguments that do not fit ------------------------------------------------------------------

    def misfit(self, given: Handover) -> Misfit | None:
        """Why a function does not take the arguments that it is to be called with."""
        functions = self._functions(given)
        count, keywords = self._counted_arguments(given), self._keywords(given)
        if not functions or count is None or keywords is None or given.open:
            return None
        reasons = [self._misfit(function, given, count, keywords) for function in functions]
        if any(reason is None for reason in reasons):
            return None
        function = functions[0]
        why = f"`{_name(function)}` {reasons[0]}"
        if given.how == "map" and count == 1:
            why += ", as `map` gives each call one item (`starmap` unpacks it)"
        defined = Site(function.path, function.scope.at)
        return Misfit(why, given.fails("a TypeError"), defined)

    def run_with_parameters(self, worker: Worker) -> str | None:
        """The parameters of a process's `run` that nothing is ever given for; None when there are
        none, or when the program calls it by itself."""
        for entry in worker.entries:
            if worker.how != "run" or self.program.solver.decorations.get(entry.scope):
                return None
            if any(edge.launch is None for edge in self.program.callers[entry]):
                return None
            needed = [
                f"`{parameter.name}`"
                for parameter in entry.scope.parameters[1:]
                if parameter.kind in ("positional", "keyword") and parameter.default is None
            ]
            holder = worker.holder
            if not needed or not isinstance(holder, Instance):
                return None
            for ancestor in self.program.solver.ancestry(holder.cls):
                if (ancestor, "start") in self.program.solver.cells:
                    return None
            return " and ".join(needed)
        return None

    def _functions(self, given: Handover) -> list[FunctionRef] | None:
        """The functions that are given, where all of them are known."""
        if given.function is None:
            return None
        values = self.program.values(given.function, given.activation)
        found = [
            value
            for value in values
            if isinstance(value, FunctionRef)
            and self._is_plain(value)
            # what is there to be overridden may take something else where it is
            and not (value.receiver is not None and _is_stub(value.scope))
        ]
        found.sort(key=lambda function: (str(function.path), function.scope.at))
        return found if found and len(found) == len(values) else None

    def _misfit(
        self, function: FunctionRef, given: Handover, count: int, keywords: frozenset[str]
    ) -> str | None:
        bound = function.receiver is not None
        return misfit(function.scope, count + given.index, keywords, bound=bound)

    def _counted_arguments(self, given: Handover) -> int | None:
        """How many arguments come by position."""
        match given.how:
            case "map":
                return 1 if given.items else None
            case "executor-map" | "submit":
                return len(given.items)
            case "starmap":
                if not given.items:
                    return None
                items = self.program.values(given.items[0], given.activation)
                held = self.program.solver.iterate(items, given.activation, given.items[0].at)
                return self._length(held)
        packed = given.packed
        if packed is None:
            return 0
        if isinstance(packed, f.Display):
            if packed.shape == "set" or any(isinstance(item, f.Star) for item in packed.items):
                return None
            return len(packed.items)
        return self._length(self.program.values(packed, given.activation))

    def _length(self, values: Values) -> int | None:
        lengths = {
            calls.length(self.program.solver, value)
            if isinstance(value, Container) and value.shape == "tuple"
            else None
            for value in values
        }
        return lengths.pop() if len(lengths) == 1 else None

    def _keywords(self, given: Handover) -> frozenset[str] | None:
        """The names of the arguments that come by keyword."""
        if given.how == "submit":
            return frozenset(name for name, _ in given.keywords)
        match given.named:
            case None:
                return frozenset()
            case f.DictDisplay(items=items):
                keys = [key.value if isinstance(key, f.Constant) else None for key, _ in items]
            case f.Call(function=f.Name(id="dict"), arguments=arguments):
                keys = [argument.keyword for argument in arguments]
            case _:
                return None
        names = [key for key in keys if isinstance(key, str)]
        return frozenset(names) if len(names) == len(keys) else None

    # Calls that run nothing ---------------------------------------------------------------------

    def idle(self, given: Handover) -> Idle | None:
        """A coroutine or generator function: its call runs nothing of it."""
        functions = self._functions(given)
        if not functions:
            return None
        found = [_gives(function.scope) for function in functions]
        if not all(found):
            return None
        what = found[0] or ""
        effect = f"{given.fails('an error')}, as {what} cannot be pickled"
        if given.how in ("target", "initializer"):
            effect = "nothing of it runs in the child process, which says nothing of it"
        function = functions[0]
        return Idle(_name(function), what, effect, Site(function.path, function.scope.at))

    def idle_run(self, worker: Worker) -> str | None:
        """What the `run` of a process gives where it is a coroutine or generator function."""
        for entry in worker.entries:
            if worker.how == "run" and not self.program.solver.decorations.get(entry.scope):
                return _gives(entry.scope)
        return None


def _name(function: FunctionRef) -> str:
    return "the lambda" if function.scope.kind == "lambda" else function.name


def _gives(scope: f.Scope) -> str | None:
    """What a call gives that runs nothing, in words."""
    if scope.is_async:
        return "an asynchronous generator" if scope.is_generator else "a coroutine"
    return "a generator" if scope.is_generator else None


def _returns_nothing(scope: f.Scope) -> bool:
    plain = not (scope.is_async or scope.is_generator)
    return plain and not any(
        isinstance(step, f.Leave) and step.kind == "return" and step.value is not None
        for step in f.steps(scope.body)
    )


def _is_stub(scope: f.Scope) -> bool:
    """Whether a function is only there to be overridden."""
    return all(
        (isinstance(step, f.Evaluate) and isinstance(step.value, f.Constant))
        or (isinstance(step, f.Leave) and step.kind == "raise")
        for step in scope.body
    )


def _instead_of_call(given: Handover, call: f.Call) -> str:
    """How to give a function and its arguments apart, as far as they are short."""
    name = describe(call.function)
    texts = [describe(argument.value) for argument in call.arguments]
    plain = not any(a.star or a.keyword for a in call.arguments) and "…" not in "".join(texts)
    packed = f"({', '.join(texts)}{',' if len(texts) == 1 else ''})" if plain else "(…)"
    if given.how == "target" and given.index:
        return f"`spawn({name}, {packed})`"
    if given.how in ("target", "initializer"):
        arguments = {"target": "args", "initializer": "initargs"}[given.how]
        return f"`{given.how}={name}, {arguments}={packed}`" if texts else f"`{given.how}={name}`"
    method = given.task.name if given.task is not None else given.how
    if given.how == "apply":
        return f"`{method}({name}, {packed})`" if texts else f"`{method}({name})`"
    if given.how == "submit" and texts and plain:
        return f"`{method}({name}, {', '.join(texts)})`"
    return f"`{method}({name}, …)`"


_SHAPES = {"list": "list", "tuple": "tuple", "dict": "dict", "set": "set", "generator": "generator"}

_SPREAD = {
    "a text": "each character of it is one argument",
    "bytes": "each byte of it is one argument",
    "a dict": "each key of it is one argument",
}
