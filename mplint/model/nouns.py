"""What rules speak of: operations on followed objects, workers, channels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from mplint.catalog import Kind, Method
from mplint.model import facts as f
from mplint.model.facts import describe
from mplint.model.solving import calls
from mplint.model.values import (
    NOTHING,
    Activation,
    Instance,
    Literal,
    Made,
    Site,
    Value,
    Values,
    sort_key,
)

if TYPE_CHECKING:
    from mplint.model.program import Program

MAIN = "main"
"""The process that the program begins in."""

Runner: TypeAlias = "str | Worker"
"""MAIN, or the worker whose process runs a line."""


class Operation:
    """A call of a method of a followed object, in one activation of the function around it."""

    def __init__(self, program: Program, raw: calls.RawOperation, kind: Kind) -> None:
        self.program = program
        self.activation = raw.activation
        self.at = raw.at
        self.receiver = raw.receiver
        self.name = raw.name
        self.launch = raw.launch
        self.kind = kind
        self.method: Method = kind.methods.get(raw.name) or kind.given_to[raw.name]

    def __repr__(self) -> str:
        return f"<{self.name} at {self.site}>"

    @property
    def does(self) -> str:
        return self.method.does

    @property
    def site(self) -> Site:
        return Site(self.activation.path, self.at)

    @cached_property
    def call(self) -> f.Call | None:
        """The call expression; None for a method that is handed on and called elsewhere."""
        found = self.program.outline(self.activation).expressions.get(self.at)
        if not isinstance(found, f.Call):
            return None
        if self._is_made_here or self.name == "__call__":
            return found
        if not isinstance(found.function, f.Attribute):
            return None
        return found if found.function.name == self.name else None

    @property
    def _is_made_here(self) -> bool:
        """Whether one call makes the receiver and gives it its work: `process_map(f, xs)`."""
        if not self.method.tasks or not isinstance(self.receiver, Made):
            return False
        return self.receiver.site == self.site

    def argument(self, name: str) -> f.Expr | None:
        """The expression given for a parameter of the method."""
        call = self.call
        if call is None:
            return None
        position = 0
        for argument in call.arguments:
            if argument.keyword == name:
                return argument.value
            if argument.keyword is None and not argument.star:
                parameters = self.method.parameters
                if position < len(parameters) and parameters[position] == name:
                    return argument.value
                position += 1
        return None

    def values(self, expression: f.Expr) -> Values:
        """What an expression beside the operation can be."""
        return self.program.values(expression, self.activation)

    def constant(self, name: str) -> object:
        """The constant given for a parameter; None when there is none, or it is not constant."""
        given = self.argument(name)
        if given is None:
            return None
        values = self.values(given)
        constants = [value.value for value in values if isinstance(value, Literal)]
        return constants[0] if len(values) == len(constants) == 1 else None

    @property
    def text(self) -> str:
        """The call as it is written, as far as that is short."""
        reference = self._reference
        if reference is not None:
            return describe(reference) + "()"
        call = self.call
        if call is not None and not isinstance(call.function, f.Call):
            return describe(call.function) + "()"
        return f"{self.kind.name if self.name == '__call__' else self.name}()"

    @cached_property
    def receiver_text(self) -> str:
        """The receiver as it is written."""
        receiver = self.receiver_expression
        return describe(receiver) if receiver is not None else self.kind.noun

    @cached_property
    def receiver_expression(self) -> f.Expr | None:
        """The expression for the object that is operated on: what stands before the dot, or is
        given to somebody else's method (`loop.run_in_executor(executor, …)`)."""
        if self.name in self.kind.given_to:
            return self.argument(self.method.parameters[0])
        reference = self._reference
        if reference is not None:
            return reference.value
        call = self.call  # `parallel(tasks)`
        if call is not None:
            return call.function if not self._is_made_here else None
        return self._entered

    @cached_property
    def sure(self) -> bool:
        """Whether the receiver is certainly this object, or another made by the same expression."""
        if self._is_made_here:
            return True
        receiver = self.receiver_expression
        if receiver is not None:
            return self.program.is_one(self.values(receiver))
        step = self.program.outline(self.activation).steps.get(self.at)
        if isinstance(step, f.With):  # whose end closes it
            items = (self.values(manager) for manager, _ in step.items)
            return any(self.receiver in item and self.program.is_one(item) for item in items)
        manager = self._entered
        return manager is not None and self.program.is_one(self.values(manager))

    @cached_property
    def on_arm(self) -> bool:
        """Whether the receiver is certainly this object on one arm of a branch, and on the others
        something that is known and acts as one in this process."""
        return self.program.standins.arm(self) is not None

    @cached_property
    def is_entered(self) -> bool:
        """Whether it is what the beginning of `with lock:` does."""
        return self._entered is not None

    @cached_property
    def _entered(self) -> f.Expr | None:
        """The `lock` of `with lock:`, at whose beginning this is done."""
        if self.name != "acquire" or self._reference is not None:
            return None
        outline = self.program.outline(self.activation)
        frame = next(outline.around(self.at), None)
        if frame is None or not isinstance(frame.node, f.With):
            return None
        return outline.expressions.get(self.at)

    @cached_property
    def crosses(self) -> bool:
        """Whether the receiver is certainly one for processes: an import may give one for threads
        in its place, with which nothing is copied."""
        if not self.sure:
            return self.kind.family in ("process", "manager") and self.on_arm
        receiver = self.receiver_expression
        if receiver is None:
            return self.kind.family in ("process", "manager")
        return all(
            value.kind.family in ("process", "manager")
            for value in self.program.objects(self.values(receiver))
            if isinstance(value, Made)
        )

    @cached_property
    def blocks(self) -> bool | None:
        """Whether the call waits at all."""
        if not self.method.waits:
            return False
        if self.is_iterated or self.is_entered:
            return True
        for name in ("block", "blocking"):
            given = self.argument(name)
            if given is not None:
                return self.program.truth(given, self.activation)
        return True if self._plain_call else None

    @cached_property
    def timed(self) -> bool | None:
        """Whether the call gives up after a while."""
        if self.is_iterated or self.is_entered:
            return False
        given = self.argument("timeout")
        if given is None:
            return False if self._plain_call else None
        values = self.values(given)
        if all(isinstance(value, Literal) for value in values):
            timeless = {value.value is None for value in values if isinstance(value, Literal)}
            return not timeless.pop() if len(timeless) == 1 else None
        return True

    @cached_property
    def gives_up_with(self) -> tuple[str, ...]:
        """What the call raises when it does not wait and there is nothing, or no room."""
        method = self.method
        if method.waits and self.blocks is not False and self.timed is not True:
            return ("EOFError",) if "EOFError" in method.raises else ()
        if self.does == "put" and isinstance(self.receiver, Made):
            channel = self.program.channels.get(self.receiver)
            if channel is not None and channel.bound == 0:
                return ()  # it is never full
        return method.raises

    @property
    def loses(self) -> str:
        """What becomes of an item that cannot be pickled, in words."""
        if "join_thread" in self.kind.methods:
            return "returns, the item is lost in the background, and whoever waits for it hangs"
        return "raises an error"

    @cached_property
    def waits_for_ever(self) -> bool:
        """Whether the call certainly blocks, as it is meant to, until somebody else acts."""
        meant = self.argument("block") is None or isinstance(self.constant("block"), bool)
        return self.blocks is True and self.timed is False and meant

    @cached_property
    def _plain_call(self) -> bool:
        call = self.call
        return call is not None and not any(argument.star for argument in call.arguments)

    @cached_property
    def is_iterated(self) -> bool:
        """Whether it is the callable of `iter(q.get, sentinel)`, which calls it with nothing."""
        return self.call is None and self._reference is not None

    @cached_property
    def _reference(self) -> f.Attribute | None:
        """The `q.get` of a call `q.get()`, or of `iter(q.get, sentinel)`."""
        found = self.program.outline(self.activation).expressions.get(self.at)
        if not isinstance(found, f.Call):
            return None
        function = found.function
        if isinstance(function, f.Name) and function.id == "iter" and len(found.arguments) == 2:
            function = found.arguments[0].value
        if isinstance(function, f.Attribute) and function.name == self.name:
            return function
        return None

    @property
    def runners(self) -> frozenset[Runner]:
        """The processes in which it runs."""
        return self.program.runners(self.activation)


class Runners(frozenset["Runner"]):
    """The processes that run something, gone through in one order. That of a set is the order in
    which they are in memory, which is another in every run."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Runner]:
        found = super().__iter__()
        return iter(sorted(found, key=_runner_order)) if len(self) > 1 else found


def _runner_order(runner: Runner) -> tuple[Any, ...]:
    return (0, runner) if isinstance(runner, str) else (1, *runner.order)


class Worker:
    """Code that runs in a process of its own: the target of a Process, the `run` of a subclass, the
    tasks or the initializer of a pool. One worker stands for all processes that are started from
    one holder (the process object or the pool)."""

    def __init__(self, program: Program, holder: Value, how: str) -> None:
        self.program = program
        self.holder = holder
        self.how = how
        self.edges: list[calls.Edge] = []

    def __repr__(self) -> str:
        return f"<worker {self.name}>"

    @property
    def entries(self) -> list[Activation]:
        return list(dict.fromkeys(edge.callee for edge in self.edges))

    @property
    def name(self) -> str:
        """How to call it in a message: the name of its target."""
        if self.how == "run" and isinstance(self.holder, Instance):
            return self.holder.cls.name
        return self.entries[0].scope.qualified_name if self.entries else "?"

    @property
    def kind(self) -> Kind:
        kind = self.program.solver.kind_of(self.holder)
        assert kind is not None
        return kind

    @property
    def in_pool(self) -> bool:
        return self.kind.role in ("pool", "executor")

    @cached_property
    def launched_at(self) -> list[Site]:
        """Where the process objects, or the tasks, are made."""
        sites = {Site(edge.caller.path, edge.at): None for edge in self.edges}
        return sorted(sites, key=lambda site: (str(site.path), site.at))

    @cached_property
    def order(self) -> tuple[str, list[tuple[str, int]], str, str]:
        """What to sort workers by. Several may have one name, and a set has them in any order."""
        places = [(str(site.path), site.at) for site in self.launched_at]
        return self.name, places, sort_key(self.holder), self.how

    @cached_property
    def daemon(self) -> bool | None:
        """Whether the processes end with the one that started them."""
        if self.in_pool:
            return self.kind.role == "pool"
        solver = self.program.solver
        values = solver.cells.get((self.holder, "daemon"), NOTHING)
        if not values and isinstance(self.holder, Instance):
            for cls in solver.ancestry(self.holder.cls):
                values |= solver.cells.get((cls, "daemon"), NOTHING)
        if not values:
            return False
        answers = {value.value if isinstance(value, Literal) else None for value in values}
        return answers.pop() is True if len(answers) == 1 and None not in answers else None

    def operations(self, *verbs: str) -> list[Operation]:
        """What is done to the process objects or the pool: start, join, kill …"""
        return self.program.done_to(self.holder, *verbs)


class Channel:
    """A queue, or one direction of a pipe: what is put on `entrance` is got from `exit`."""

    def __init__(self, program: Program, entrance: Made, exit: Made) -> None:
        self.program = program
        self.entrance = entrance
        self.exit = exit

    def __repr__(self) -> str:
        return f"<channel {self.kind.name} {self.site}>"

    @property
    def kind(self) -> Kind:
        return self.exit.kind

    @property
    def site(self) -> Site:
        """Where it is made."""
        return self.exit.site

    @cached_property
    def puts(self) -> list[Operation]:
        return self.program.done_to(self.entrance, "put")

    @cached_property
    def gets(self) -> list[Operation]:
        return self.program.done_to(self.exit, "get")

    @cached_property
    def senders(self) -> frozenset[Runner]:
        """The processes that put."""
        return self._runners(self.puts)

    @cached_property
    def takers(self) -> frozenset[Runner]:
        """The processes that get."""
        return self._runners(self.gets)

    def puts_of(self, runner: Runner) -> list[Operation]:
        """Where a process puts."""
        return self._puts_of.get(runner, [])

    @cached_property
    def _puts_of(self) -> dict[Runner, list[Operation]]:
        found: dict[Runner, list[Operation]] = {}
        for put in self.puts:
            for runner in put.runners:
                found.setdefault(runner, []).append(put)
        return found

    def _runners(self, operations: list[Operation]) -> frozenset[Runner]:
        functions = dict.fromkeys(operation.activation for operation in operations)
        return Runners(runner for each in functions for runner in self.program.runners(each))

    @cached_property
    def is_closed_world(self) -> bool:
        """Whether we see everything that is done to it: no code that we do not know gets hold of
        either end."""
        if self.kind.role == "connection" and not self.exit.part:
            return False  # its other end is in another program
        program = self.program
        return program.sight.is_seen_whole(self.exit) and program.sight.is_seen_whole(self.entrance)

    @cached_property
    def bound(self) -> int | None:
        """How many items fit: 0 for any number, None when that is not known but some limit is
        given."""
        sizes = self.program.solver.cells.get((self.exit, "maxsize"), NOTHING)
        numbers = {
            value.value if isinstance(value, Literal) and isinstance(value.value, int) else None
            for value in sizes
        }
        if not numbers:
            return 0
        if len(numbers) == 1:
            number = numbers.pop()
            return max(number, 0) if number is not None else None
        return None
