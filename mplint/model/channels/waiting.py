"""Who waits for whom: blocking operations, and what becomes of them when the other side fails.

A wait is *starved* when everybody who could end it can be gone without having done so. These are
the hangs that no test finds: in the normal run they all work.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.channels.failing import Failure
from mplint.model.channels.polling import Polling
from mplint.model.channels.unrun import unrun
from mplint.model.loading.scripts import is_in_test
from mplint.model.nouns import MAIN
from mplint.model.outline import Around
from mplint.model.paths.raising import ANY, catches
from mplint.model.state.once import is_single_for
from mplint.model.values import Activation, Literal, Made, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Runner, Worker
    from mplint.model.program import Program


class Waiting:
    """The questions about waits, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._gets: dict[tuple[Made, Activation], list[tuple[int, int | None]]] = {}
        self._puts: dict[Made, int | None] = {}
        self._feeders: dict[Channel, dict[Runner, list[Activation]]] = {}
        self._starved: dict[tuple[Made, Activation], dict[Worker, list[Site]]] = {}
        self._polling = Polling(program)

    # Waits that somebody else ends --------------------------------------------------------------

    def sends_on_failure(self, worker: Worker, channel: Channel) -> bool:
        """Whether a worker sends something in a `finally` or in a handler for any error: whoever
        wrote it has thought of failures, or the channel is there for nothing else."""
        return self.acts_on_failure(worker, channel.puts_of(worker))

    def is_told_in_thread(self, worker: Worker, wait: Operation) -> bool:
        """Whether a worker sends its errors on some other channel, which a thread reads beside the
        wait: that can end it, by a signal or by leaving the program."""
        return any(
            get.runners & wait.runners and self.sends_on_failure(worker, channel)
            for channel, get in self._gets_in_threads
        )

    def is_ended_when_told(self, worker: Worker, wait: Operation) -> bool:
        """Whether a worker sends its errors on some other channel, and whoever reads them there can
        end all processes that wait for it."""
        kills = []
        for runner in wait.runners:
            if isinstance(runner, str):
                return False
            kills.append([kill for kill in runner.operations("kill") if kill.sure])
        return all(kills) and any(
            all(any(self._kills_when_told(kill, get) for kill in each) for each in kills)
            for channel in self.program.channels_with(worker, "put")
            if self.sends_on_failure(worker, channel)
            for get in channel.gets
        )

    def _kills_when_told(self, kill: Operation, get: Operation) -> bool:
        """Whether the process that reads a report is the one that ends another, and has not joined
        it before it reads."""
        outline = self.program.outline(get.activation)
        again = set(outline.loops(get.at))
        return kill.runners <= get.runners and not any(
            join.activation is get.activation
            and join.at < get.at
            and join.waits_for_ever
            and not again & set(outline.loops(join.at))
            for join in self.program.done_to(kill.receiver, "join")
        )

    @cached_property
    def _gets_in_threads(self) -> list[tuple[Channel, Operation]]:
        return [
            (channel, get)
            for channel in self.program.channels.values()
            for get in channel.gets
            if get.activation in self.program.threads.reached
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
        if not wait.waits_for_ever or wait.launch is not None:
            return None
        if not (wait.sure or wait.on_arm):
            return None
        channel = self.channel_of(wait)
        if channel is None or not channel.is_closed_world or self.program.excuses.is_excused(wait):
            return None
        producers = self.producers(channel, wait)
        if not producers:
            return None
        excuses = self.program.excuses
        if channel.kind.role == "connection" and excuses.hears_of_the_end(wait, channel):
            return None
        failures = []
        for worker in producers:
            if self.reports_errors(worker) or self.sends_on_failure(worker, channel):
                return None
            if self.is_told_in_thread(worker, wait) or self.is_ended_when_told(worker, wait):
                return None
            failure = self.program.failing.silent_end(worker, channel, [wait])
            if failure is None and not is_in_test(wait.activation):
                failure = unrun(self.program, worker)
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
        if channel is None or not channel.is_closed_world or self.program.excuses.is_excused(wait):
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
        return not script and self.program.sight.is_in_public_attribute(channel.entrance)

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
        turns = self.program.counter.turns(get.activation, get.at, within)
        return turns.known if turns is not None else None

    def _possible_puts(self, channel: Channel) -> int | None:
        """How many items are put at most, by everybody."""
        if channel.exit not in self._puts:
            self._puts[channel.exit] = self._count_puts(channel)
        return self._puts[channel.exit]

    def _count_puts(self, channel: Channel) -> int | None:
        total = 0
        for put in channel.puts:
            if put.call is None or put.activation in self.program.threads.reached:
                return None  # handed on, and called as often as others like
            turns = self.program.amounts.puts([put], channel)
            if turns is None or turns.known is None:
                return None
            factor = 0
            for runner in put.runners:
                if isinstance(runner, str):
                    factor += 1
                    continue
                if runner.in_pool:
                    return None  # as many tasks as there are items
                processes = self.program.amounts.processes(runner, channel, at_most=True)
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
            feeders: dict[Runner, list[Activation]] = defaultdict(list)
            for each in functions:
                for runner in self.program.runners(each) or ("?",):
                    feeders[runner].append(each)
            self._feeders[channel] = feeders
        feeders = self._feeders[channel]
        standins = self.program.standins
        arm = standins.arm(wait) if MAIN in feeders and not wait.sure else None
        if arm is not None and not any(standins.is_reached(each, arm) for each in feeders[MAIN]):
            feeders = {runner: each for runner, each in feeders.items() if runner != MAIN}
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
