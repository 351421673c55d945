"""The failure path: how workers end before they have done what others wait for."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mplint.model.loading.scripts import is_in_test
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import NORMAL, Gone, Machine, Place, Raised
from mplint.model.paths.passing import Passing
from mplint.model.paths.raising import ANY, Error
from mplint.model.values import Activation, ClassRef, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program

_TRANSPARENT = frozenset(
    {
        "staticmethod",
        "classmethod",
        "property",
        "abc.abstractmethod",
        "typing.override",
        "functools.wraps",
        "contextlib.contextmanager",
        "functools.lru_cache",
        "functools.cache",
        "torch.no_grad",
        "torch.inference_mode",
    }
)


class Failure(Struct, frozen=True):
    """How a worker can end without doing what others wait for: `at` is the statement that raises
    (or leaves), `error` what it raises."""

    worker: Worker
    at: Site
    error: str

    @property
    def what(self) -> str:
        """What happens there, in words."""
        if self.error == ANY:
            return "an error"
        return "the exit" if self.error in ("SystemExit", "os._exit") else f"`{self.error}`"

    @property
    def effect(self) -> str:
        """What becomes of the worker, in words."""
        return f"fails: {self.what} can end it before it sends anything"

    @property
    def here(self) -> str:
        """What happens at the statement, in words."""
        return f"{self.what} here ends `{self.worker.name}` before it sends"

    @property
    def cure(self) -> str | None:
        """What to do about it; None where that depends on what is waited for."""
        return None


class Failing:
    """The questions about workers that fail, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._sending: dict[tuple[Made, str, frozenset[Place]], Flow[str]] = {}
        self._dying: dict[Made, Flow[str]] = {}

    def silent_end(
        self, worker: Worker, channel: Channel, waits: Sequence[Operation] = ()
    ) -> Failure | None:
        """A way in which a worker ends without having sent anything on a channel: by an exception
        that nothing catches, or by `sys.exit`. `waits` are those for it."""
        return self.end_without(worker, channel.entrance, "put", waits)

    def end_without(
        self, worker: Worker, made: Made, does: str, waits: Sequence[Operation] = ()
    ) -> Failure | None:
        """A way in which a worker ends without having done something to an object, which `waits`
        wait for: an exception that nothing catches, or `sys.exit`, comes before."""
        starts = self._starts(worker, waits)
        key = (made, does, starts)
        if key not in self._sending:
            self._sending[key] = Passing(self.program, _Sending(self.program, made, does, starts))
        flow = self._sending[key]
        begin = "alone" if starts else "silent"
        failures = [
            failure
            for entry in worker.entries
            for failure in self._silent(flow, entry, begin, worker)
        ]
        return _most_telling(self.program, failures, waits)

    def _starts(self, worker: Worker, waits: Sequence[Operation]) -> frozenset[Place]:
        """Where a worker starts those who wait; nothing when somebody else does so, too."""
        places: set[Place] = set()
        for runner in {runner for wait in waits for runner in wait.runners}:
            if isinstance(runner, str) or not runner.edges:
                return frozenset()
            for edge in runner.edges:
                if self.program.runners(edge.caller) != {worker}:
                    return frozenset()
                places.add((edge.caller, edge.at))
        return frozenset(places)

    def _silent(
        self, flow: Flow[str], entry: Activation, begin: str, worker: Worker
    ) -> Iterator[Failure]:
        if self.is_opaque(entry):
            return
        ends = flow.ends(entry, begin)
        for way, states in ends.items():
            for state in ("silent", "failed", "asked", "astray"):
                why = states.get(state)
                if why is None:
                    continue
                if isinstance(way, Gone):
                    yield Failure(worker, why.site, "os._exit")
                elif isinstance(way, Raised) and not _is_expected(way.error):
                    if state == "astray" and way.error == ANY and self._is_guarded(worker):
                        continue  # nobody foresees it, and what somebody does is handled
                    yield Failure(worker, why.site, error_name(way.error))
                elif way == NORMAL and state == "failed" and "silent" not in states:
                    # it always sends, but for an error that it does not tell
                    yield Failure(worker, why.site, ANY)

    def early_end(
        self, worker: Worker, channel: Channel, waits: Sequence[Operation] = ()
    ) -> Failure | None:
        """A way in which a worker stops taking items from a channel because one of them failed.
        `waits` are puts that wait for room."""
        flow, failures = self._taking(channel), []
        for entry in worker.entries:
            if self.is_opaque(entry):
                continue
            ends = flow.ends(entry, "idle")
            guarded = any("guarded" in states for states in ends.values())
            for way, states in ends.items():
                error = way.error if isinstance(way, Raised) else ANY
                for state in ("failed", "foreseen"):
                    why = states.get(state)
                    if why is None or isinstance(way, Gone):
                        continue
                    if guarded and state == "failed":
                        continue  # nobody foresees it, and what somebody does is handled
                    failures.append(Failure(worker, why.site, error_name(error)))
        return _most_telling(self.program, failures, waits)

    def _taking(self, channel: Channel) -> Flow[str]:
        if channel.exit not in self._dying:
            machine = _Dying(self.program, channel.exit)
            self._dying[channel.exit] = Passing(self.program, machine)
        return self._dying[channel.exit]

    def _is_guarded(self, worker: Worker) -> bool:
        """Whether a worker that takes items handles any error of one and takes the next."""
        return any(
            "guarded" in states
            for channel in self.program.channels_with(worker, "get")
            for entry in worker.entries
            for states in self._taking(channel).ends(entry, "idle").values()
        )

    def is_opaque(self, activation: Activation) -> bool:
        """Whether a decorator that we do not know may catch what the function raises."""
        names = self.program.solver.decorations.get(activation.scope, frozenset())
        return bool(names - _TRANSPARENT)


_FAILED = {"silent": "failed", "asked": "astray"}


class _Sending(Machine[str]):
    """Whether a path has done what others wait for, such as to send something on a channel. States:
    `alone`, before it has started those others, which it does at the places `starts`; `silent`;
    `failed`, which is silent after an error; `asked`, which is silent after it has waited for
    others; `astray`, both; `twice`, after an error in what handles one, of which the first is not
    the cause; `sent`."""

    def __init__(
        self,
        program: Program,
        entrance: Made | None,
        does: str,
        starts: frozenset[Place] = frozenset(),
    ) -> None:
        self.program = program
        self.entrance = entrance
        self.does = does
        self.starts = starts
        self._places = places_of(program, entrance, does)

    def concerns(self, state: str) -> frozenset[Place]:
        return self._places | self.starts if state == "alone" else self._places

    def elsewhere(self) -> tuple[Hashable, Machine[Any]]:
        return "sending", _Sending(self.program, None, "")

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if self.follows(operation):
            return ("sent",)
        if state == "silent" and operation.does in ("get", "wait") and operation.method.waits:
            return ("asked",)  # it waits for others: what it does then is up to them
        return (state,)

    def follows(self, operation: Operation) -> bool:
        return operation.does == self.does and is_end(operation.receiver, self.entrance)

    def fail(self, state: str, error: Error, at: Site) -> str:
        if state in ("failed", "astray") and self.program.activations_at(at):
            return "twice"  # in an expression: a `raise` or an `assert` is a statement
        return _FAILED.get(state, state) if is_failure(error) else state

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)  # it may have sent: that is in doubt, so it has

    def repeated(self, state: str) -> Iterable[str]:
        return ("sent",)

    def launch(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        begins = state == "alone" and (activation, at) in self.starts
        return ("silent" if begins else state,)


class _Dying(Machine[str]):
    """Whether a path ends because something failed, instead of going on with the next item.

    States: `idle` before the first get, `working` after one, `failed` when an exception was raised
    while working, `foreseen` when it has a name or is raised again, and `twice` when what handles
    it has failed in its turn: whoever has written that has thought of failures. A path that goes on
    with another item is `guarded` after `failed`, and else `again`: what fails then, fails the
    first time as well.
    """

    def __init__(self, program: Program, exit: Made | None) -> None:
        self.program = program
        self.exit = exit
        self._places = places_of(program, exit, "get")

    def concerns(self, state: str) -> frozenset[Place]:
        return self._places

    def elsewhere(self) -> tuple[Hashable, Machine[Any]]:
        return "dying", _Dying(self.program, None)

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation.does == "get" and is_end(operation.receiver, self.exit):
            return (_NEXT.get(state, "working"),)
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)

    def fail(self, state: str, error: Error, at: Site) -> str:
        if state in ("failed", "foreseen"):
            # an expression, or a `raise` or an `assert`, which are statements
            return "twice" if self.program.activations_at(at) else "foreseen"
        if state == "working" and is_failure(error):
            return "failed" if error == ANY else "foreseen"
        return state

    def repeated(self, state: str) -> Iterable[str]:
        return ("idle",)


def is_failure(error: Error) -> bool:
    """Whether an error says that something has failed: not that a queue is empty or full, that
    there is nothing more to read, or that somebody stops the program."""
    return not isinstance(error, str) or error not in _NO_FAILURES


_NEXT = {
    "failed": "guarded",
    "guarded": "guarded",
    "foreseen": "again",
    "twice": "again",
    "again": "again",
}
"""What becomes of a path that takes the next item."""

_NO_FAILURES = frozenset(
    {"queue.Empty", "queue.Full", "StopIteration", "KeyboardInterrupt", "EOFError"}
)


def places_of(program: Program, end: Value | None, *verbs: str) -> frozenset[Place]:
    """Where something is done to an object, in whichever of its kinds."""
    if end is None:
        return frozenset()
    kinds: list[Value] = [end]
    if isinstance(end, Made):
        alike = program.kinds_of.get((end.site, end.part), ())
        kinds = [made for made in alike if is_end(made, end)]
    uses = (use for value in kinds for use in program.done_to(value, *verbs))
    return frozenset((use.activation, use.at) for use in uses)


def is_end(receiver: Value, end: Made | None) -> bool:
    """Whether an operation is on an object, in whichever of its kinds."""
    if receiver is end:
        return True
    return (
        end is not None
        and isinstance(receiver, Made)
        and receiver.site == end.site
        and receiver.context == end.context
        and receiver.part == end.part
    )


_UNFORESEEN = frozenset({ANY, "LookupError", "AssertionError"})
"""What unknown code may raise, any subscript, and what a test itself finds."""


def _most_telling(
    program: Program, failures: list[Failure], waits: Sequence[Operation]
) -> Failure | None:
    """The first failure of unknown code, which is the likeliest, or the first of all. For waits in
    tests, the first that has a name: one that nobody foresees is what a test is there to find."""
    if waits and all(is_in_test(wait.activation) for wait in waits):
        foreseen = (f for f in failures if f.error not in _UNFORESEEN)
        return next((f for f in foreseen if not _is_of_others(program, f.at)), None)
    return next((f for f in failures if f.error == ANY), failures[0] if failures else None)


def _is_of_others(program: Program, at: Site) -> bool:
    """Whether what fails at a place is a function of another file, which a test tries out: in one
    of its own file, the place would be there."""
    places = ((activation, at.at) for activation in program.activations_at(at))
    return any(program.callees_at.get(place) for place in places)


def _is_expected(error: Error) -> bool:
    """Errors that mean the end of the work rather than a failure of it."""
    return isinstance(error, str) and error in ("KeyboardInterrupt", "GeneratorExit", "EOFError")


def error_name(error: Error) -> str:
    if isinstance(error, ClassRef):
        return error.name
    return error.rpartition(".")[2] if error != ANY else ANY
