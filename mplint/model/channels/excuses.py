"""What lets a wait be for ever, or sees to it that it is not: nobody need be told of these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.channels.failing import is_end
from mplint.model.channels.guarding import Guards
from mplint.model.channels.polling import Polling
from mplint.model.outline import can_leave
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine
from mplint.model.values import Activation, Made

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program


class Excuses:
    """The questions about waits that are meant, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._reached_open: dict[tuple[Made, Activation], set[Operation]] = {}
        self._leavable: dict[f.While, bool] = {}
        self._guards = Guards(program)
        self._polling = Polling(program)

    def is_excused(self, wait: Operation) -> bool:
        """Whether a wait is meant to be for ever, or watches for the end of the other side."""
        return (
            self.in_daemon(wait)
            or self.is_service(wait)
            or self.is_guarded(wait)
            or self.checks_liveness(wait)
            or self.is_switched_off(wait)
        )

    def is_switched_off(self, wait: Operation) -> bool:
        """Whether a wait is never come to: a test around it has one answer, as the source is."""
        for frame in self.program.outline(wait.activation).around(wait.at):
            if isinstance(frame.node, f.Branch) and frame.part == "body":
                test = frame.node.arms[frame.index][0]
                if self.program.truth(test, wait.activation) is False:
                    return True
        return False

    def in_daemon(self, wait: Operation) -> bool:
        """Whether the wait is in processes or threads that end with the program."""
        runners = wait.runners
        if runners and all(not isinstance(r, str) and _ends_unasked(r) for r in runners):
            return True
        threads = self.program.threads.of(wait.activation)
        return bool(threads) and all(_ends_unasked(thread) for thread in threads)

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


def _ends_unasked(worker: Worker) -> bool:
    """Whether a worker ends with the program, and nobody waits for its own end."""
    joined = any(join.sure and join.waits_for_ever for join in worker.operations("join"))
    return worker.daemon is not False and (not joined or bool(worker.operations("kill")))
