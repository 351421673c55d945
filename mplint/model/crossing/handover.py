"""What a call gives to another process: a function, and the arguments it is to be called with.

`Process(target=f, args=(1,))`, `Pool(initializer=f)`, `pool.apply_async(f, (1,))`, `submit(f, 1)`
and `torch.multiprocessing.spawn(f)` are the same thing to the questions about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from mplint import catalog
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.nouns import Operation
from mplint.model.values import (
    Activation,
    Bound,
    ClassRef,
    Instance,
    Made,
    Named,
    Super,
    Value,
    sort_key,
)

if TYPE_CHECKING:
    from mplint.model.program import Program

How = Literal["target", "initializer", "apply", "map", "starmap", "submit", "executor-map"]


class Handover(Struct, frozen=True):
    """A function that `call` gives to `holder` (a process, pool or executor).

    `packed` is the one expression for all positional arguments (`args=`, `initargs=`) and `named`
    that for the keyword arguments; `items` are the arguments written one by one (`submit`) or the
    collections that they are taken from (`map`), and `keywords` those of `submit` by name. They
    are all there is, unless `open`. `index` says that a number comes before them.
    """

    activation: Activation
    call: f.Call
    how: How
    kind: catalog.Kind
    holder: Value
    function: f.Expr | None
    packed: f.Expr | None = None
    named: f.Expr | None = None
    items: tuple[f.Expr, ...] = ()
    keywords: tuple[tuple[str, f.Expr], ...] = ()
    open: bool = False
    index: bool = False
    task: Operation | None = None

    @property
    def text(self) -> str:
        """The call as it is written, without what it is given."""
        return describe(self.call.function) + "()"

    @property
    def keyword(self) -> str:
        """What the function is given as."""
        return {"target": "target", "initializer": "initializer"}.get(self.how, "task")

    def fails(self, error: str) -> str:
        """What becomes of it when the function cannot be called, in words. `error` is what that
        raises."""
        if self.how == "target":
            return f"the child process ends with {error}"
        if self.how == "initializer":
            if self.kind.role == "pool":
                return f"every worker process ends with {error} and is replaced, for ever"
            return f"every worker process ends with {error}, and no task is ever run"
        if self.task is not None and self.task.does == "call":
            return f"the call raises {error}"
        return f"the task raises {error}, which only shows where its result is asked for"

    @property
    def refused(self) -> str:
        """What becomes of it when something of it cannot be pickled, in words."""
        if self.how == "target":
            return "the call raises an error" if self.index else "`start()` raises an error"
        if self.how == "initializer":
            if self.kind.role == "pool":
                return "the call raises an error"
            return "the first task raises an error, and none is ever run"
        return self.fails("an error")

    @property
    def library(self) -> catalog.Library | None:
        """The library that the holder comes from."""
        return self.holder.library if isinstance(self.holder, Made) else None


def handovers(program: Program, call: f.Call, activation: Activation) -> Iterator[Handover]:
    """What a call gives to processes; nothing where it may give it to threads."""
    tasks = [
        operation
        for operation in program.operations_at.get((activation, call.at), ())
        if operation.method.tasks not in ("", "delayed")  # these are made one by one elsewhere
    ]
    if tasks:
        for task in tasks:
            if task.call is call and task.kind.family == "process" and task.crosses:
                yield _of_task(task, call)
        return
    yield from _of_constructor(program, call, activation)


def _of_constructor(program: Program, call: f.Call, activation: Activation) -> Iterator[Handover]:
    functions = sorted(program.values(call.function, activation), key=sort_key)
    launchers = [
        found
        for value in functions
        if isinstance(value, Named)
        and isinstance(found := catalog.find(value.path), catalog.Launcher)
    ]
    if launchers and len(functions) == 1:
        holder = next(iter(program.record.made.get((activation, call.at), ())), None)
        kind = program.solver.kind_of(holder) if holder is not None else None
        if holder is not None and kind is not None:
            given = _given(call, launchers[0].parameters)
            yield Handover(
                *(activation, call, "target", kind, holder),
                function=given.get("fn"),
                packed=given.get("args"),
                open=_is_open(call),
                index=launchers[0].first_argument_is_index,
            )
        return
    filled = [_holder(program, value, activation, call) for value in functions]
    holders = [holder for holder in filled if holder is not None]
    if not holders or len(holders) < len(filled):
        return
    kinds = [program.solver.kind_of(holder) for holder in holders]
    if any(kind is None or kind.family != "process" for kind in kinds):
        return
    holder, kind = holders[0], kinds[0]
    assert kind is not None
    given = _given(call, kind.parameters)
    if kind.role == "process":
        yield Handover(
            *(activation, call, "target", kind, holder),
            function=given.get("target"),
            packed=given.get("args"),
            named=given.get("kwargs"),
            open=_is_open(call),
        )
    elif kind.role in ("pool", "executor"):
        yield Handover(
            *(activation, call, "initializer", kind, holder),
            function=given.get("initializer"),
            packed=given.get("initargs"),
            open=_is_open(call),
        )


def _holder(
    program: Program, function: Value, activation: Activation, call: f.Call
) -> Value | None:
    """The object that a call of a library's constructor fills: a new one, or the `self` of a
    subclass that calls its base class."""
    made = sorted(program.record.made.get((activation, call.at), ()), key=sort_key)
    match function:
        case Named(path=path):
            maker = catalog.find(path)
            if isinstance(maker, catalog.Maker):
                own = (v for v in made if isinstance(v, Made) and v.kind is maker.kind)
                return next(own, None)
        case ClassRef() as cls:
            for ancestor in program.solver.ancestry(cls):
                if isinstance(ancestor, ClassRef):
                    if (ancestor, "__init__") in program.solver.cells:
                        return None  # its parameters are its own
                elif not isinstance(ancestor, Named):
                    return None
            return next(
                (v for v in made if isinstance(v, Instance) and v.cls is cls),
                None,
            )
        case Bound(receiver=receiver, name="__init__"):
            return receiver.receiver if isinstance(receiver, Super) else receiver
    return None


def _of_task(task: Operation, call: f.Call) -> Handover:
    parameters = task.method.parameters
    given = _given(call, parameters)
    how = task.method.tasks
    if how == "loop":  # `loop.run_in_executor(executor, function, *items)`
        values = [a.value for a in call.arguments if not a.star and a.keyword is None]
        return Handover(
            task.activation,
            call,
            "submit",
            task.kind,
            task.receiver,
            given.get(parameters[1]),
            items=tuple(values[2:]),
            open=_is_open(call),
            task=task,
        )
    assert how != "" and how != "delayed"
    base = (task.activation, call, how, task.kind, task.receiver)
    function = given.get(parameters[0])
    if how in ("submit", "executor-map"):
        plain = [a for a in call.arguments if not a.star and a.keyword is None]
        skipped = 0 if any(a.keyword == parameters[0] for a in call.arguments) else 1
        named = [
            (argument.keyword, argument.value)
            for argument in call.arguments
            if argument.keyword not in (None, parameters[0])
        ]
        return Handover(
            *base,
            function=function,
            items=tuple(argument.value for argument in plain[skipped:]),
            keywords=tuple((k, v) for k, v in named if k is not None) if how == "submit" else (),
            open=_is_open(call),
            task=task,
        )
    if how == "apply":
        return Handover(
            *base,
            function=function,
            packed=given.get("args"),
            named=given.get("kwds"),
            open=_is_open(call),
            task=task,
        )
    items = (given["iterable"],) if "iterable" in given else ()
    return Handover(*base, function=function, items=items, open=_is_open(call), task=task)


def _given(call: f.Call, parameters: tuple[str, ...]) -> dict[str, f.Expr]:
    """The expressions given for parameters, as far as no `*xs` comes before them."""
    found: dict[str, f.Expr] = {}
    position: int | None = 0
    for argument in call.arguments:
        if argument.star:
            position = None if argument.star == "*" else position
        elif argument.keyword is not None:
            found[argument.keyword] = argument.value
        elif position is not None:
            if position < len(parameters):
                found[parameters[position]] = argument.value
            position += 1
    return found


def _is_open(call: f.Call) -> bool:
    return any(argument.star for argument in call.arguments)
