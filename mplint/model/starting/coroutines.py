"""What blocks an event loop."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.values import Activation, FunctionRef, Made, Named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mplint.model.nouns import Operation
    from mplint.model.outline import Around
    from mplint.model.program import Program

MAX_HOPS = 2
"""Ordinary functions between a coroutine and the wait that it comes to."""


class Standstill(Struct, frozen=True):
    """A call in a coroutine during which its event loop does nothing else. `operation` is what
    waits: the call itself, or something in a function that it calls."""

    operation: Operation

    @property
    def until(self) -> str:
        """What it waits for, in words."""
        return _UNTIL.get(self.operation.does, "until another process acts")

    @property
    def cure(self) -> str:
        """What to write instead."""
        operation = self.operation
        if operation.kind.name == "Future":
            return f"Write `await asyncio.wrap_future({operation.receiver_text})`."
        if operation.does in ("call", "result"):
            return (
                "Use a `concurrent.futures.ProcessPoolExecutor` and "
                "`await loop.run_in_executor(executor, function, argument)`."
            )
        reference = operation.text.removesuffix("()")
        return f"Let a thread wait: `await asyncio.to_thread({reference})`."


class Coroutines:
    """The questions about event loops, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def standstill(self, activation: Activation, at: int) -> Standstill | None:
        """For a call: whether it stands in a coroutine beside which others may run, and waits for
        another process without a limit."""
        if not activation.scope.is_async or not self._has_company(activation, at):
            return None
        for operation in self.program.operations_at.get((activation, at), ()):
            if self._waits(operation):
                return Standstill(operation)
        call = self.program.outline(activation).expressions.get(at)
        return self._inside(call, activation, MAX_HOPS) if isinstance(call, f.Call) else None

    def _inside(self, call: f.Call, activation: Activation, hops: int) -> Standstill | None:
        """A wait that a call of an ordinary function always comes to."""
        program = self.program
        functions = program.values(call.function, activation)
        called = {value.scope for value in functions if isinstance(value, FunctionRef)}
        if not all(isinstance(value, FunctionRef) for value in functions):
            return None
        for callee in program.callees_at.get((activation, call.at), ()):
            scope = callee.scope
            if scope not in called or scope.is_async or scope.is_generator:
                continue
            outline = program.outline(callee)
            for inner in outline.expressions.values():
                if not isinstance(inner, f.Call) or _is_conditional(outline.around(inner.at)):
                    continue
                for operation in program.operations_at.get((callee, inner.at), ()):
                    if self._waits(operation):
                        return Standstill(operation)
                found = self._inside(inner, callee, hops - 1) if hops > 1 else None
                if found is not None:
                    return found
        return None

    def _waits(self, operation: Operation) -> bool:
        """Whether an operation certainly waits until another process acts."""
        verb, kind = operation.does, operation.kind
        if verb not in _UNTIL or kind.family not in ("process", "manager"):
            return False
        if not operation.waits_for_ever or not operation.crosses or operation.launch is not None:
            return False
        if isinstance(operation.receiver, Made) and operation.receiver.of is not None:
            if operation.receiver.of.kind.family == "thread":
                return False  # the future of a thread pool
        if verb == "put":
            channel = self.program.waiting.channel_of(operation)
            return channel is not None and bool(channel.bound)
        if verb in ("result", "join") and self._is_waited_for_elsewhere(operation):
            return False
        return not self._is_looked_at(operation)

    def _is_looked_at(self, operation: Operation) -> bool:
        """Whether the function asks first whether it would have to wait, or kills what it joins."""
        program, activation = self.program, operation.activation
        if any(holder is activation for holder, _ in program.record.looks):
            return True
        verbs = {"look", "poll", "alive", "kill"}
        if operation.kind.role == "queue":
            verbs.add("put")  # it takes out what it has put in
        return any(
            other.activation is activation and other.does in verbs
            for other in program.on.get(operation.receiver, ())
            if other.call is not None  # the end of `with pool:` kills what has ended
        )

    def _is_waited_for_elsewhere(self, operation: Operation) -> bool:
        """Whether something else has waited for a process or result: a thread, `wrap_future`."""
        program, activation = self.program, operation.activation
        if operation.receiver in program.solver.escapes:
            return True
        return any(
            isinstance(value, Named) and value.path in _WAITERS
            for call in program.outline(activation).expressions.values()
            if isinstance(call, f.Call)
            for value in program.values(call.function, activation)
        )

    # Other coroutines ---------------------------------------------------------------------------

    def _has_company(self, activation: Activation, at: int) -> bool:
        """Whether other coroutines may run in the same loop when a coroutine comes to a place: code
        that we do not see calls it, it is one of several, or somebody has made tasks before."""
        program = self.program
        todo, seen = [(activation, at)], set()
        while todo:
            current, place = todo.pop()
            if current in seen or not current.scope.is_async:
                continue
            seen.add(current)
            if current in program.solver.from_outside:
                return not current.scope.name.startswith("test")
            if any(made < place for made in self._task_makers.get(current, ())):
                return True
            for edge in program.callers[current]:
                if edge.launch is None:
                    if self._is_one_of_several(edge.caller, edge.at):
                        return True
                    todo.append((edge.caller, edge.at))
        return False

    def _is_one_of_several(self, caller: Activation, at: int) -> bool:
        """Whether a call makes a coroutine that others run beside: `gather(one(), two())`, or a
        variable that holds it is given to such a call."""
        outline = self.program.outline(caller)
        todo, seen = [at], set()
        while todo:
            at = todo.pop()
            if _is_run_beside(outline.around(at)):
                return True
            kept = _kept_in(outline.step_of(at), at)
            if kept is not None and kept not in seen:
                seen.add(kept)
                expressions = outline.expressions.items()
                todo += [n for n, e in expressions if isinstance(e, f.Name) and e.id == kept]
        return False

    @cached_property
    def _task_makers(self) -> dict[Activation, list[int]]:
        """By function, where it lets something else run in the same loop from then on."""
        record = self.program.record
        found: dict[Activation, list[int]] = defaultdict(list)
        for (activation, at), path in record.externals.items():
            if path.rpartition(".")[2] in _TASK_MAKERS:
                found[activation].append(at)
        for name in _TASK_MAKERS & record.strangers.keys():
            for activation, at in record.strangers[name]:
                found[activation].append(at)
        return found


def _last_name(function: f.Expr) -> str:
    if isinstance(function, f.Attribute):
        return function.name
    return function.id if isinstance(function, f.Name) else ""


def _is_run_beside(around: Iterable[Around]) -> bool:
    """Whether a coroutine is an argument of a call that runs others beside it."""
    for frame in around:
        node = frame.node
        if isinstance(node, f.Call) and _last_name(node.function) in _BESIDE_OTHERS:
            return True
        if not isinstance(node, (f.Call, f.Star, f.Display, f.Comprehension)):
            break
    return False


def _kept_in(step: f.Step | None, at: int) -> str | None:
    """The variable that a step keeps a coroutine in, alone or in a list."""
    match step:
        case f.Bind(targets=(f.Name(id=name),), value=f.Call() | f.Display() | f.Comprehension()):
            return name
        case f.Evaluate(
            value=f.Call(
                function=f.Attribute(value=f.Name(id=name), name="append"),
                arguments=(f.Argument(value=kept),),
            )
        ) if kept.at == at:
            return name
    return None


def _is_conditional(around: Iterable[Around]) -> bool:
    """Whether something runs in some cases only."""
    choices = (f.Branch, f.Match, f.Conditional, f.Boolean)
    return any(
        frame.part in ("handler", "otherwise")
        or (isinstance(frame.node, choices) and frame.part != "test")
        for frame in around
    )


_UNTIL = {
    "get": "until another process sends something",
    "put": "until another process makes room",
    "join": "until the process has ended",
    "join-tasks": "until other processes have marked every item as done",
    "wait": "until another process acts",
    "call": "until the other processes have done their tasks",
    "result": "until another process has the result",
}

_WAITERS = frozenset(
    {"concurrent.futures.as_completed", "concurrent.futures.wait", "asyncio.wrap_future"}
)

_TASK_MAKERS = frozenset(
    {
        "add_reader",
        "add_signal_handler",
        "call_at",
        "call_later",
        "call_soon",
        "create_server",
        "create_task",
        "ensure_future",
        "run_coroutine_threadsafe",
        "start_server",
        "start_soon",
        "start_unix_server",
    }
)
"""Names under which asyncio, anyio and trio let something else run in the same loop."""

_BESIDE_OTHERS = frozenset(
    {"create_task", "ensure_future", "gather", "run_coroutine_threadsafe", "start_soon", "wait_for"}
)
"""Names of what runs the coroutines that it is given beside others, or with a time limit."""
