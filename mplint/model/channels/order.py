"""What comes before what: puts and closes, results and what they are paired with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.channels.failing import is_end
from mplint.model.channels.unsent import Unflushed, killed_at_once
from mplint.model.facts import describe
from mplint.model.paths.flow import HARD_EXITS, Flow
from mplint.model.paths.machine import NORMAL, Gone, Machine
from mplint.model.values import Activation, Made

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Runner, Worker
    from mplint.model.program import Program


class AfterClose(Struct, frozen=True):
    """An operation on a queue or a pipe end that is closed already, or (`flush`) not closed yet.
    `made` is what it uses, `close` where that was closed."""

    made: Made
    close: Operation | None
    effect: str
    cure: str


class _Closed(Machine[str]):
    """`open` → `closed`; notes in which states each operation is reached."""

    def __init__(self, end: Made) -> None:
        self.end = end
        self.seen: dict[Operation, set[str]] = defaultdict(set)
        self.close: Operation | None = None

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        self.seen[operation].add(state)
        if operation.does == "close" and is_end(operation.receiver, self.end):
            self.close = self.close or operation
            return ("closed",)
        return (state,)

    def unsure(self, state: str, operation: Operation) -> Iterable[str]:
        return (state, *self.operate(state, operation))

    def repeated(self, state: str) -> Iterable[str]:
        return (state, "open")


class _Pending(Machine[str]):
    """Whether items that were put on a queue may still be in its background thread: `none` before
    the first, `pending` right after one, `old` when something else took its time since."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def operate(self, state: str, operation: Operation) -> Iterable[str]:
        if is_end(operation.receiver, self.channel.entrance):
            if operation.does == "put":
                return ("pending",)
            if operation.does == "flush":
                return ("old",)
        waits = operation.method.waits and operation.does != "put"
        return ("old",) if waits and state == "pending" else (state,)

    def hidden(self, state: str, activation: Activation, at: int) -> Iterable[str]:
        path = self.channel.program.record.externals.get((activation, at))
        quick = path is not None and path.partition(".")[0] in _QUICK
        return (state,) if quick or state != "pending" else ("old",)

    def repeated(self, state: str) -> Iterable[str]:
        return ("old",)


class _Cancelled(Machine[frozenset[str]]):
    """Which of `put` and `drop` a path has done on a queue."""

    def __init__(self, entrance: Made) -> None:
        self.entrance = entrance

    def operate(self, state: frozenset[str], operation: Operation) -> Iterable[frozenset[str]]:
        if operation.does in ("put", "drop", "flush") and is_end(operation.receiver, self.entrance):
            return (state | {operation.does},)
        return (state,)

    def repeated(self, state: frozenset[str]) -> Iterable[frozenset[str]]:
        return (frozenset({"flush"}),)


_QUICK = frozenset({"print", "sys", "logging", "len", "str", "repr"})

_AFTER_CLOSE = {"put", "get", "look", "poll"}


class Order:
    """The questions about what comes before what, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._closings: dict[tuple[Made, Activation], _Closed] = {}

    # After the close ----------------------------------------------------------------------------

    def after_close(self, operation: Operation) -> AfterClose | None:
        """For an operation on a queue or a pipe end, or for the start of a process that uses one:
        it comes after the close on every way, in the same process, and nothing catches the error.
        For `join_thread()`, it comes before the close."""
        if not operation.sure or operation.call is None or self._is_caught(operation):
            return None
        if operation.does == "start" and operation.kind.role == "process":
            return self._started_closed(operation)
        made = operation.receiver
        if not isinstance(made, Made) or not _is_channel(made):
            return None
        if operation.does == "flush":
            if self._states(operation, made)[0] == {"open"}:
                effect = "comes before `close()`, and raises AssertionError"
                cure = f"Call `{operation.receiver_text}.close()` first."
                return AfterClose(made, None, effect, cure)
            return None
        if operation.does not in _AFTER_CLOSE or operation.name == "qsize":
            return None
        seen, close = self._states(operation, made)
        if seen != {"closed"} or close is None:
            return None
        simple = made.kind.role == "connection" or "join_thread" not in made.kind.methods
        error = "OSError" if simple or operation.does == "look" else "ValueError"
        effect = f"comes after `{close.text}`, and raises {error}"
        return AfterClose(made, close, effect, "Close it after the last use in this process.")

    def _started_closed(self, start: Operation) -> AfterClose | None:
        """For the start of a process that uses something which is closed before."""
        workers = self.program.processes_of(start.receiver)
        for made in self._closed:
            used = [o for o in self.program.on[made] if any(w in o.runners for w in workers)]
            if not any(o.does in ("put", "get") and o.sure for o in used):
                continue
            seen, close = self._states(start, made)
            if seen == {"closed"} and close is not None:
                effect = f"hands over what `{close.text}` has closed, and nobody can use it"
                return AfterClose(made, close, effect, "Close it after the start.")
        return None

    @cached_property
    def _closed(self) -> dict[Made, None]:
        """The channels that something is done to close."""
        return {
            made: None
            for made in self.program.made
            if _is_channel(made) and any(o.does == "close" for o in self.program.on.get(made, ()))
        }

    def _states(self, operation: Operation, made: Made) -> tuple[set[str], Operation | None]:
        """In which states of an object an operation is reached, seen from where one object is made;
        empty when that is not known."""
        if operation.does != "flush" and made not in self._closed:
            return set(), None
        roots = list(self._homes(made))
        if roots:  # a process that it is handed to has one of it, too
            workers = [r for r in operation.runners if not isinstance(r, str)]
            roots += [entry for worker in workers for entry in worker.entries]
        for root in roots:
            machine = self._closings.get((made, root))
            if machine is None:
                machine = _Closed(made)
                Flow(self.program, machine).ends(root, "open")
                self._closings[made, root] = machine
            if operation in machine.seen:
                return machine.seen[operation], machine.close
        return set(), None

    def _homes(self, made: Made) -> Iterator[Activation]:
        """The function that makes an object and those that call it, as far as one run of each makes
        only one object."""
        places = self.program.made.get(made, ())
        if len(places) != 1:
            return
        ((activation, at),) = places
        for _ in range(5):
            if self.program.outline(activation).loops(at):
                return
            yield activation
            edges = [e for e in self.program.callers[activation] if e.launch is None]
            if len(edges) != 1 or activation in self.program.solver.from_outside:
                return
            activation, at = edges[0].caller, edges[0].at

    def _is_caught(self, operation: Operation) -> bool:
        """Whether whoever wrote an operation expects it to fail."""
        for frame in self.program.outline(operation.activation).around(operation.at):
            node = frame.node
            if isinstance(node, f.Try) and frame.part == "body" and node.handlers:
                return True
            if isinstance(node, f.With) and frame.part == "body":
                managers = [m.function for m, _ in node.items if isinstance(m, f.Call)]
                names = {m.name for m in managers if isinstance(m, f.Attribute)}
                names |= {m.id for m in managers if isinstance(m, f.Name)}
                if names & {"suppress", "raises", "assertRaises", "assertRaisesRegex"}:
                    return True
        return False

    # Hard exits ---------------------------------------------------------------------------------

    def hard_exit(self, call: f.Call, activation: Activation) -> Unflushed | None:
        """For a call of `os._exit`: what was put right before and is not written out yet."""
        program = self.program
        if program.record.externals.get((activation, call.at)) not in HARD_EXITS:
            return None
        for runner in sorted(program.runners(activation), key=str):
            for channel in self._fed_by(runner):
                for entry in self._roots(runner, activation):
                    ends = Flow(program, _Pending(channel)).ends(entry, "none")
                    why = ends.get(Gone(), {}).get("pending")
                    if why is not None and why.site.at == call.at:
                        put = next(p for p in channel.puts if runner in p.runners)
                        return Unflushed(describe(call.function) + "()", put, channel.gets[0])
        return None

    def cancelled(self, drop: Operation) -> Unflushed | None:
        """For `cancel_join_thread()` in a worker: what the worker puts and others wait for, when no
        way through the worker goes without both."""
        if drop.does != "drop" or not drop.sure or drop.call is None:
            return None
        for runner in sorted(drop.runners, key=str):
            if isinstance(runner, str) or runner.in_pool:
                continue
            for channel in self._fed_by(runner):
                if channel.entrance is not drop.receiver:
                    continue
                states = self._normal(runner, channel)
                get = next((g for g in channel.gets if g.waits_for_ever), None)
                if get is not None and states and all({"put", "drop"} == s for s in states):
                    put = next(p for p in channel.puts if runner in p.runners)
                    return Unflushed(drop.text, put, get)
        return None

    def killed(self, kill: Operation) -> Unflushed | None:
        """For `terminate()` or `kill()`: what the process would have put, if it had had the
        time."""
        killing = self.program.killing
        if kill.does != "kill" or not kill.sure or killing.is_asked(kill):
            return None
        return killed_at_once(self.program, kill)

    def _normal(self, worker: Worker, channel: Channel) -> list[frozenset[str]]:
        flow = Flow(self.program, _Cancelled(channel.entrance))
        ends = [flow.ends(entry, frozenset()) for entry in worker.entries]
        return [state for end in ends for state in end.get(NORMAL, {})]  # type: ignore[misc]

    def _fed_by(self, runner: Runner) -> Iterator[Channel]:
        """The queues with a background thread that a process puts on and others read."""
        for channel in self.program.channels.values():
            if channel.kind.family != "process" or "join_thread" not in channel.kind.methods:
                continue
            puts = [put for put in channel.puts if runner in put.runners and put.sure]
            if puts and any(runner not in get.runners for get in channel.gets):
                yield channel

    def _roots(self, runner: Runner, activation: Activation) -> list[Activation]:
        if isinstance(runner, str):
            return list(self.program.upward(activation))[-1:]
        return runner.entries


def _is_channel(made: Made) -> bool:
    kind = made.kind
    return kind.family == "process" and kind.role in ("queue", "connection")
