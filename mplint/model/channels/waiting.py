"""Who waits for whom: blocking operations, and what becomes of them when the other side fails.

A wait is *starved* when everybody who could end it can be gone without having done so. These are
the hangs that no test finds: in the normal run they all work.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.guarding import Guards
from mplint.model.channels.polling import Polling
from mplint.model.flow import ANY, NORMAL, Error, Flow, Gone, Machine, Place, Raised, catches
from mplint.model.outline import Around
from mplint.model.passing import Passing
from mplint.model.scripts import is_test
from mplint.model.state.once import is_single_for
from mplint.model.values import Activation, ClassRef, Literal, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Runner, Worker
    from mplint.model.program import Program


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


# The failure path ---------------------------------------------------------------------------------


class _Sending(Machine[str]):
    """Whether a path has done what others wait for, such as to send something on a channel. States:
    `silent`; `failed`, which is silent after an error; `asked`, which is silent after it has waited
    for others; `sent`."""

    def __init__(self, program: Program, entrance: Made | None, does: str) -> None:
        self.program = program
        self.entrance = entrance
        self.does = does
        self._places = _places(program, entrance, does)

    def concerns(self, state: str) -> frozenset[Place]:
        return self._places

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
        expected = isinstance(error, str) and error in _EXPECTED
        return "failed" if state == "silent" and not expected else state

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)  # it may have sent: that is in doubt, so it has

    def repeated(self, state: str) -> Iterable[str]:
        return ("sent",)

    def launch(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        return (state,)


class _Dying(Machine[str]):
    """Whether a path ends because something failed, instead of going on with the next item.

    States: `idle` before the first get, `working` after one, `failed` when an exception was raised
    while working, and `twice` when what handles that has failed in its turn: whoever has written it
    has thought of failures.
    """

    def __init__(self, program: Program, exit: Made | None) -> None:
        self.program = program
        self.exit = exit
        self._places = _places(program, exit, "get")

    def concerns(self, state: str) -> frozenset[Place]:
        return self._places

    def elsewhere(self) -> tuple[Hashable, Machine[Any]]:
        return "dying", _Dying(self.program, None)

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if operation.does == "get" and is_end(operation.receiver, self.exit):
            return ("working",)
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return self.operate(state, operation)

    def fail(self, state: str, error: Error, at: Site) -> str:
        if state == "failed" and self.program.activations_at(at):
            return "twice"  # in an expression: a `raise` or an `assert` is a statement
        if state == "working" and not (isinstance(error, str) and error in _EXPECTED):
            return "failed"
        return state

    def repeated(self, state: str) -> Iterable[str]:
        return ("idle",)


_EXPECTED = frozenset(
    {"queue.Empty", "queue.Full", "StopIteration", "KeyboardInterrupt", "EOFError"}
)


def _places(program: Program, end: Made | None, does: str) -> frozenset[Place]:
    """Where something is done to an object, in whichever of its kinds."""
    if end is None:
        return frozenset()
    kinds = [made for made in program.kinds_of.get((end.site, end.part), ()) if is_end(made, end)]
    uses = (use for made in kinds for use in program.done_to(made, does))
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


class Waiting:
    """The questions about waits, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._sending: dict[tuple[Made, str], Flow[str]] = {}
        self._dying: dict[Made, Flow[str]] = {}
        self._gets: dict[tuple[Made, Activation], list[tuple[int, int | None]]] = {}
        self._puts: dict[Made, int | None] = {}
        self._feeders: dict[Channel, dict[Runner, None]] = {}
        self._starved: dict[tuple[Made, Activation], dict[Worker, list[Site]]] = {}
        self._reached_open: dict[tuple[Made, Activation], set[Operation]] = {}
        self._leavable: dict[f.While, bool] = {}
        self._guards = Guards(program)
        self._polling = Polling(program)

    # Workers that end early ---------------------------------------------------------------------

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
        key = (made, does)
        if key not in self._sending:
            self._sending[key] = Passing(self.program, _Sending(self.program, made, does))
        flow = self._sending[key]
        failures = [
            failure for entry in worker.entries for failure in self._silent(flow, entry, worker)
        ]
        return _most_telling(failures, waits)

    def _silent(self, flow: Flow[str], entry: Activation, worker: Worker) -> Iterator[Failure]:
        if self.is_opaque(entry):
            return
        ends = flow.ends(entry, "silent")
        for way, states in ends.items():
            for state in ("silent", "failed", "asked"):
                why = states.get(state)
                if why is None:
                    continue
                if isinstance(way, Gone):
                    yield Failure(worker, why.site, "os._exit")
                elif isinstance(way, Raised) and not _is_expected(way.error):
                    yield Failure(worker, why.site, error_name(way.error))
                elif way == NORMAL and state == "failed" and "silent" not in states:
                    # it always sends, but for an error that it does not tell
                    yield Failure(worker, why.site, ANY)

    def early_end(
        self, worker: Worker, channel: Channel, waits: Sequence[Operation] = ()
    ) -> Failure | None:
        """A way in which a worker stops taking items from a channel because one of them failed.
        `waits` are puts that wait for room."""
        if channel.exit not in self._dying:
            machine = _Dying(self.program, channel.exit)
            self._dying[channel.exit] = Passing(self.program, machine)
        flow = self._dying[channel.exit]
        failures = []
        for entry in worker.entries:
            if self.is_opaque(entry):
                continue
            for way, states in flow.ends(entry, "idle").items():
                why = states.get("failed")
                if why is not None and not isinstance(way, Gone):
                    error = way.error if isinstance(way, Raised) else ANY
                    failures.append(Failure(worker, why.site, error_name(error)))
        return _most_telling(failures, waits)

    def is_opaque(self, activation: Activation) -> bool:
        """Whether a decorator that we do not know may catch what the function raises."""
        names = self.program.solver.decorations.get(activation.scope, frozenset())
        return bool(names - _TRANSPARENT)

    # Waits that somebody else ends --------------------------------------------------------------

    def sends_on_failure(self, worker: Worker, channel: Channel) -> bool:
        """Whether a worker sends something in a `finally` or in a handler for any error: whoever
        wrote it has thought of failures, or the channel is there for nothing else."""
        return self.acts_on_failure(worker, channel.puts)

    def is_told_in_thread(self, worker: Worker, wait: Operation) -> bool:
        """Whether a worker sends its errors on some other channel, which a thread reads beside the
        wait: that can end it, by a signal or by leaving the program."""
        return any(
            get.runners & wait.runners and self.sends_on_failure(worker, channel)
            for channel, get in self._gets_in_threads
        )

    @cached_property
    def _gets_in_threads(self) -> list[tuple[Channel, Operation]]:
        return [
            (channel, get)
            for channel in self.program.channels.values()
            for get in channel.gets
            if get.activation in self.reached_by_threads
        ]

    def acts_on_failure(self, worker: Worker, operations: Iterable[Operation]) -> bool:
        """Whether a worker does one of the operations in a `finally` or a handler for any error."""
        program = self.program
        ends = [o for o in operations if worker in o.runners]
        for activation, at in self._chains(ends, worker):
            for frame in program.outline(activation).around(at):
                if not isinstance(frame.node, f.Try):
                    continue
                if frame.part == "final":
                    return True
                if frame.part == "handler" and self._is_wide(frame, activation):
                    return True
        return False

    def _chains(
        self, operations: Iterable[Operation], worker: Worker
    ) -> Iterator[tuple[Activation, int]]:
        """Some operations, and the calls that lead to them from a worker's entry."""
        todo = [(operation.activation, operation.at) for operation in operations]
        seen = set()
        while todo:
            activation, at = todo.pop()
            yield activation, at
            if activation in seen:
                continue
            seen.add(activation)
            for edge in self.program.callers[activation]:
                if edge.launch is None and worker in self.program.runners(edge.caller):
                    todo.append((edge.caller, edge.at))

    def _is_wide(self, frame: Around, activation: Activation) -> bool:
        """Whether a handler catches any error."""
        assert isinstance(frame.node, f.Try)
        handler = frame.node.handlers[frame.index]
        if handler.type is None:
            return True
        types = self.program.values(handler.type, activation)
        return catches(self.program, types, ANY) is True

    def starved(self, wait: Operation) -> Failure | None:
        """For a get that waits for ever: how its producers can all end without a word."""
        if not wait.waits_for_ever or not wait.sure or wait.launch is not None:
            return None
        channel = self.channel_of(wait)
        if channel is None or not channel.is_closed_world or self.is_excused(wait):
            return None
        producers = self.producers(channel, wait)
        if not producers:
            return None
        if channel.kind.role == "connection" and self.hears_of_the_end(wait, channel):
            return None
        failures = []
        for worker in producers:
            if self.reports_errors(worker) or self.sends_on_failure(worker, channel):
                return None
            if self.is_told_in_thread(worker, wait):
                return None
            failure = self.silent_end(worker, channel, [wait])
            if failure is None:
                return None
            failures.append(failure)
        return failures[0]

    def asked_before(self, wait: Operation) -> Operation | None:
        """What a loop right before a get asks until there is something: the loop waits, and the get
        does not."""
        loop = self._polling.polled(wait)
        return loop.question if loop is not None else None

    def first_starved(self, wait: Operation) -> tuple[Failure, list[Site]] | None:
        """What `starved` says of a get, when no other one before it in its function waits for the
        same failure; and those after it that do."""
        failure, channel = self.starved(wait), self.channel_of(wait)
        if failure is None or channel is None:
            return None
        alike = self._starved_in(channel, wait.activation).get(failure.worker, [])
        if alike and alike[0].at < wait.at:
            return None
        return failure, [site for site in alike if site.at != wait.at]

    def _starved_in(self, channel: Channel, activation: Activation) -> dict[Worker, list[Site]]:
        """Where a function waits for ever on a channel, in order, by the worker whose failure is
        the cause."""
        key = (channel.exit, activation)
        if key not in self._starved:
            found: dict[Worker, set[Site]] = defaultdict(set)
            for get in channel.gets:
                failure = self.starved(get) if get.activation is activation else None
                if failure is not None:
                    found[failure.worker].add(get.site)
            self._starved[key] = {
                worker: sorted(sites, key=lambda site: site.at) for worker, sites in found.items()
            }
        return self._starved[key]

    def never_fed(self, wait: Operation) -> tuple[int, int] | None:
        """For a get that waits for ever: how many items are ever put, and how many are got, when
        that is certain and too few."""
        if not wait.waits_for_ever or not wait.sure or wait.launch is not None:
            return None
        channel = self.channel_of(wait)
        if channel is None or not channel.is_closed_world or self.is_excused(wait):
            return None
        if channel.kind.role == "connection":
            return None  # to wait for the end of the pipe is a use of its own
        if self.program.sharing.any_made_in_worker:
            return None  # a worker that fills a queue of its own is the cause, and told as such
        gets = self._certain_gets(channel, wait)
        if gets is None:
            return None
        puts = self._possible_puts(channel)
        if not puts and self._is_offered(channel):
            return None
        if puts and not is_single_for(self.program, channel.exit, wait.activation):
            return None  # the puts are those on one of many queues, the gets those on all of them
        return (puts, gets) if puts is not None and puts < gets else None

    def _is_offered(self, channel: Channel) -> bool:
        """Whether others may put to a channel that is made in a module for them to import: by the
        name of an attribute."""
        script = self.program.startup.is_script(channel.site.path)
        return not script and self.program.is_in_public_attribute(channel.entrance)

    def _certain_gets(self, channel: Channel, last: Operation) -> int | None:
        """How many items the function of a get takes for certain, up to and with it."""
        if len(channel.gets) == 1 and not channel.puts:
            return 1
        key = (channel.exit, last.activation)
        if key not in self._gets:
            self._gets[key] = self._count_gets(channel, last.activation)
        gets = self._gets[key]
        index = bisect_right(gets, last.at, key=lambda get: get[0])
        return gets[index - 1][1] if index else None

    def _count_gets(self, channel: Channel, activation: Activation) -> list[tuple[int, int | None]]:
        """The number of each get of a function, with how many items it and those before it take;
        nothing when others take some."""
        for get in channel.gets:
            if get.activation is not activation or not (get.waits_for_ever and get.sure):
                return []
        outline = self.program.outline(activation)
        within: list[int] = []  # loops that make a queue of their own in every turn
        for maker, at in self.program.made.get(channel.exit, ()):
            if maker is activation:
                within += [frame.node.at for frame in outline.around(at)]
        total: int | None = 0
        found = []
        for get in sorted(channel.gets, key=lambda get: get.at):
            if total is not None:
                taken = self._taken(get, within)
                total = total + taken if taken is not None else None
            found.append((get.at, total))
        return found

    def _taken(self, get: Operation, within: list[int]) -> int | None:
        """How many items a get takes each time that its queue is made."""
        if get.receiver_expression is not None:
            objects = get.values(get.receiver_expression)
            if len({v.context for v in objects if isinstance(v, Made)}) > 1:
                return None  # one here and another there, made by the same expression
        outline = self.program.outline(get.activation)
        if any(isinstance(fr.node, (f.Branch, f.Match, f.Try)) for fr in outline.around(get.at)):
            return None
        turns = self.program.sentinels.counter.turns(get.activation, get.at, within)
        return turns.known if turns is not None else None

    def _possible_puts(self, channel: Channel) -> int | None:
        """How many items are put at most, by everybody."""
        if channel.exit not in self._puts:
            self._puts[channel.exit] = self._count_puts(channel)
        return self._puts[channel.exit]

    def _count_puts(self, channel: Channel) -> int | None:
        total = 0
        for put in channel.puts:
            if put.call is None or put.activation in self.reached_by_threads:
                return None  # handed on, and called as often as others like
            turns = self.program.sentinels.puts([put], channel)
            if turns is None or turns.known is None:
                return None
            factor = 0
            for runner in put.runners:
                if isinstance(runner, str):
                    factor += 1
                    continue
                if runner.in_pool:
                    return None  # as many tasks as there are items
                processes = self.program.sentinels.processes(runner, channel, at_most=True)
                if processes is None or processes.known is None:
                    return None
                factor += processes.known
            total += turns.known * factor
        return total

    def channel_of(self, operation: Operation) -> Channel | None:
        """The channel between processes that an operation belongs to: of a pipe with two
        directions, the one that a put goes into, and for anything else the one that comes out."""
        if not isinstance(operation.receiver, Made):
            return None
        channels = self.program.channels
        channel = channels.get(operation.receiver)
        if channel is not None and operation.does == "put":
            channel = channels.get(channel.entrance)
        if channel is None or channel.kind.family not in ("process", "manager"):
            return None
        return channel

    def producers(self, channel: Channel, wait: Operation) -> list[Worker]:
        """The workers that feed a channel; empty when somebody else does so too, or may."""
        if channel not in self._feeders:
            functions = dict.fromkeys(put.activation for put in channel.puts)
            told = (self.program.runners(each) or ("?",) for each in functions)
            self._feeders[channel] = dict.fromkeys(runner for each in told for runner in each)
        feeders = self._feeders[channel]
        own = wait.runners
        workers = [runner for runner in feeders if not isinstance(runner, str)]
        if len(workers) != len(feeders) or own & set(feeders):
            return []
        return workers

    def reports_errors(self, worker: Worker) -> bool:
        """Whether somebody learns that a worker failed: a pool or executor whose results are looked
        at, or a launcher that joins and raises."""
        if self.joins_itself(worker):
            return True
        if self.is_spawned(worker) and worker.operations("join"):
            return True  # it raises what the processes raised
        if not worker.in_pool or worker.how == "initializer":
            return False
        return any(not self.is_dropped(edge.caller, edge.at) for edge in worker.edges)

    def is_spawned(self, worker: Worker) -> bool:
        """Whether the processes are started by one call, as `torch.multiprocessing.spawn` does."""
        return (worker.holder, "spawned") in self.program.solver.cells

    def joins_itself(self, worker: Worker) -> bool:
        """Whether the call that starts the processes also waits for them, as
        `torch.multiprocessing.spawn` does."""
        if not self.is_spawned(worker):
            return False
        cells = self.program.solver.cells
        joins = cells.get((worker.holder, "join"), frozenset())
        return not any(isinstance(value, Literal) and value.value is False for value in joins)

    def is_dropped(self, activation: Activation, at: int) -> bool:
        """Whether nobody looks at the result of a call."""
        step = self.program.outline(activation).step_of(at)
        return isinstance(step, f.Evaluate) and step.value.at == at

    # Excuses ------------------------------------------------------------------------------------

    def is_excused(self, wait: Operation) -> bool:
        """Whether a wait is meant to be for ever, or watches for the end of the other side."""
        return (
            self.in_daemon(wait)
            or self.is_service(wait)
            or self.is_guarded(wait)
            or self.checks_liveness(wait)
        )

    def in_daemon(self, wait: Operation) -> bool:
        """Whether the wait is in processes or threads that end with the program."""
        runners = wait.runners
        if runners and all(not isinstance(r, str) and r.daemon is not False for r in runners):
            return True
        threads = self.threads_of(wait.activation)
        return bool(threads) and all(thread.daemon is not False for thread in threads)

    def threads_of(self, activation: Activation) -> list[Worker]:
        """The threads that a function runs in, when it runs in threads only."""
        return self._threads.get(activation, [])

    @cached_property
    def reached_by_threads(self) -> dict[Activation, list[Worker]]:
        """The functions that run in threads, each with these."""
        program = self.program
        found: dict[Activation, list[Worker]] = {}
        for worker in program.workers:
            if worker.kind.family != "thread":
                continue
            todo = list(worker.entries)
            while todo:
                activation = todo.pop()
                threads = found.setdefault(activation, [])
                if worker in threads:
                    continue
                threads.append(worker)
                todo += program.onward.get(activation, ())
        return found

    @cached_property
    def _threads(self) -> dict[Activation, list[Worker]]:
        program, found = self.program, self.reached_by_threads
        main = {a for a in found if any(self._called_outside(e, found) for e in program.callers[a])}
        return {
            activation: threads for activation, threads in found.items() if activation not in main
        }

    def _called_outside(self, edge: object, threads: dict[Activation, list[Worker]]) -> bool:
        from mplint.model.calls import Edge

        assert isinstance(edge, Edge)
        return edge.launch is None and edge.caller not in threads

    def is_service(self, wait: Operation) -> bool:
        """Whether the wait is in a loop that is never left: whoever runs it is ended by others."""
        outline = self.program.outline(wait.activation)
        for frame in outline.around(wait.at):
            if isinstance(frame.node, f.While) and frame.part == "body":
                endless = self.program.truth(frame.node.test, wait.activation) is True
                if endless and not self._can_leave(frame.node):
                    return True
        return False

    def _can_leave(self, loop: f.While) -> bool:
        known = self._leavable.get(loop)
        if known is None:
            known = self._leavable[loop] = can_leave(loop.body)
        return known

    def is_guarded(self, wait: Operation) -> bool:
        """Whether the wait is made only after a look that found something: `if not q.empty()`,
        `if conn.poll(1)`, here or around the calls of this function; or after a loop that ends
        when something is found, or gives up."""
        loop = self._polling.polled(wait)
        return (loop is not None and loop.gives_up) or self._guards.is_guarded(wait)

    def checks_liveness(self, wait: Operation) -> bool:
        """Whether the function looks at its workers before the wait or in the loop around it."""
        outline = self.program.outline(wait.activation)
        loops = {frame.node.at for frame in outline.loops(wait.at)}
        return any(
            at < wait.at or loops & {frame.node.at for frame in outline.loops(at)}
            for at in self._liveness_looks.get(wait.activation, ())
        )

    @cached_property
    def _liveness_looks(self) -> dict[Activation, list[int]]:
        """Where each function looks at its workers."""
        program = self.program
        places = [(o.activation, o.at) for o in program.operations if o.does == "alive"]
        places += program.record.looks
        places += [
            place
            for place, path in program.record.externals.items()
            if path.rpartition(".")[2] in ("wait", "active_children", "alarm", "setitimer")
        ]
        found: dict[Activation, list[int]] = defaultdict(list)
        for activation, at in places:
            found[activation].append(at)
        return found

    def hears_of_the_end(self, wait: Operation, channel: Channel) -> bool:
        """Whether a dead sender is noticed as the end of the pipe: the waiting process has closed
        its own copy of the sending end."""
        closes = [
            operation
            for operation in self.program.on.get(channel.entrance, ())
            if operation.does == "close" and operation.runners & wait.runners
        ]
        if not closes:
            return False
        key = (channel.entrance, wait.activation)
        if key not in self._reached_open:
            machine = _Closing(channel.entrance)
            Flow(self.program, machine).ends(wait.activation, "open")
            self._reached_open[key] = machine.reached_open
        return wait not in self._reached_open[key] or any(
            close.activation is not wait.activation
            and not self._is_helper_of(close.activation, wait.activation)
            for close in closes
        )

    def _is_helper_of(self, helper: Activation, activation: Activation) -> bool:
        return any(edge.caller is activation for edge in self.program.callers[helper])


class _Closing(Machine[str]):
    """Which operations are reached while an end of a pipe is still open in this process."""

    def __init__(self, end: Made) -> None:
        self.end = end
        self.reached_open: set[Operation] = set()

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if state == "open":
            self.reached_open.add(operation)
        if operation.does == "close" and is_end(operation.receiver, self.end):
            return ("closed",)
        return (state,)

    def repeated(self, state: str) -> Iterable[str]:
        return ("closed",)


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


_UNFORESEEN = frozenset({ANY, "LookupError"})
"""What unknown code may raise, and any subscript."""


def _most_telling(failures: list[Failure], waits: Sequence[Operation]) -> Failure | None:
    """The first failure of unknown code, which is the likeliest, or the first of all. For waits in
    tests, the first that has a name: one that nobody foresees is what a test is there to find."""
    if waits and all(is_test(wait.activation.path) for wait in waits):
        return next((f for f in failures if f.error not in _UNFORESEEN), None)
    return next((f for f in failures if f.error == ANY), failures[0] if failures else None)


def _is_expected(error: Error) -> bool:
    """Errors that mean the end of the work rather than a failure of it."""
    return isinstance(error, str) and error in ("KeyboardInterrupt", "GeneratorExit", "EOFError")


def error_name(error: Error) -> str:
    if isinstance(error, ClassRef):
        return error.name
    return error.rpartition(".")[2] if error != ANY else ANY


def can_leave(block: f.Block, *, loop: bool = True) -> bool:
    """Whether a loop's body has a way out of the loop: `break`, `return`, `raise` or an exit."""
    for step in block:
        if isinstance(step, f.Leave):
            if step.kind in ("return", "raise") or (step.kind == "break" and loop):
                return True
        elif isinstance(step, (f.For, f.While)):
            if can_leave(step.body, loop=False) or can_leave(step.otherwise, loop=loop):
                return True
        elif any(can_leave(inner, loop=loop) for inner in f.blocks(step)):
            return True
        elif isinstance(step, f.Evaluate) and isinstance(step.value, (f.Yield, f.Call)):
            if isinstance(step.value, f.Yield):
                return True  # whoever iterates may stop
            function = step.value.function
            if isinstance(function, f.Attribute) and function.name in ("exit", "_exit"):
                return True
            if isinstance(function, f.Name) and function.id in ("exit", "quit"):
                return True
        elif isinstance(step, f.Bind) and isinstance(step.value, f.Yield):
            return True
    return False
