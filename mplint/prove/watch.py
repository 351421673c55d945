"""Decides whether the processes of a run are blocked, by looking at them time and again.

Two findings count as a hang. Neither is drawn from a stopwatch:

*All blocked.* In several rounds, each of two looks and one answer with stacks, no thread of any
process has run between the looks, all wait in calls that have no timeout, no process has come or
gone, and the stacks are the same each time. Helper processes wait by nature: they count only while
they do not, for the program may wait for what they do. Nor do the few threads of the library count
that wake up now and then to look around.

*Replaced for ever.* The main thread waits in the same call in every look and answer, while workers
of a pool fail one after the other, none ends well, and the pool replaces them; nothing else runs.
"""

from __future__ import annotations

import linecache
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import psutil

from mplint.prove import kernel
from mplint.prove.observation import Frame, Kind, Stack
from mplint.prove.processes import Family, helper
from mplint.prove.run import Journal
from mplint.prove.stacks import Asker, in_library

APART = 0.2
"""Seconds between the two looks of a round."""
PAUSE = 0.05
"""Seconds after an answer, until the processes have gone back to what they were doing."""
ROUNDS = 3
"""Rounds that must agree where the system tells that a wait has no timeout."""
BLIND_SECONDS = 5.0
"""For how long rounds must agree where it does not tell."""
REPLACED = 10
"""Children that must have failed in a row."""
REPLACED_SECONDS = 1.5

DROWSY = 10
"""At most so many turns between two looks are those of a process that rests, and only wakes up now
and then to look around."""
LIVELY = 25
"""More turns than that are those of a main thread that not only the ends of its children wake."""

Threads: TypeAlias = tuple[Stack, ...]
Stacks: TypeAlias = Mapping[psutil.Process, Threads]
Awake: TypeAlias = Mapping[psutil.Process, set[int]]


@dataclass(frozen=True, slots=True)
class Look:
    """The processes of a run at one moment, helpers apart. `ended` are the places in the journal of
    those that have ended."""

    kinds: Mapping[psutil.Process, Kind]
    threads: Mapping[psutil.Process, Mapping[int, kernel.Thread]]
    helpers: Mapping[psutil.Process, Mapping[int, kernel.Thread]]
    ended: tuple[int, ...]

    @classmethod
    def at(cls, family: Family) -> Look:
        journal = family.journal
        journal.read()
        begun = list(journal.noted)  # who begins during the look is neither living nor ended
        living = family.living()
        kinds = {process: kind for process, kind in living.items() if not helper(kind)}
        threads = {process: kernel.threads(process) for process in kinds}
        helpers = {process: kernel.threads(process) for process in living if process not in kinds}
        pids = {process.pid for process in living}
        ended = tuple(
            place
            for place, noted in enumerate(begun)
            if noted.pid not in pids or journal.by_pid[noted.pid] is not noted
        )
        return cls(kinds, threads, helpers, ended)


@dataclass(frozen=True, slots=True)
class Hang:
    """Why a run counts as hanging: the stacks, and how many children were replaced meanwhile."""

    stacks: Stacks
    replaced: int = 0


class Watch:
    """Gathers evidence over rounds. One contrary sign, and it starts anew."""

    def __init__(self, family: Family, asker: Asker, pause: Callable[[float], bool]) -> None:
        """`pause` waits for some seconds, and says whether the watching should go on."""
        self._family = family
        self._asker = asker
        self._pause = pause
        self._blocked = _Blocked(family.journal)
        self._replaced = _Replaced(family.journal)

    def round(self) -> Hang | None:
        """Looks twice, and asks for stacks where that promises something."""
        first = Look.at(self._family)
        if not self._pause(APART):
            return None
        second = Look.at(self._family)
        awake = {
            process: _awake(first.threads.get(process, {}), second.threads[process])
            for process in second.kinds
        }
        main = self._family.main
        if main in awake and not _waits(first, second, main):
            self._blocked.forget()
            self._replaced.forget()
            return None
        failed = self._replaced.count(second.ended)
        quiet = (
            first.kinds.keys() == second.kinds.keys()
            and not any(_works(first, second, process) for process in second.kinds)
            and not any(
                _awake(first.helpers.get(process, {}), threads)
                for process, threads in second.helpers.items()
            )
        )
        hang: Hang | None = None
        if quiet:
            stacks = self._asker.ask(second.kinds, all_threads=True)
            hang = self._blocked.add(second, awake, stacks)
        else:
            self._blocked.forget()
        if failed and main in awake and hang is None:
            stacks = self._asker.ask([main], all_threads=False)
            awake[main] = _busy(first, second, main)
            hang = self._replaced.add(main, awake, stacks.get(main, ()))
        if quiet or failed:
            self._pause(PAUSE)
        return hang


def _waits(first: Look, second: Look, main: psutil.Process) -> bool:
    """Whether the main thread of the program is in a wait without end after both looks. It may have
    been woken: the end of a child wakes it for a moment although it does not care."""
    before, after = (look.threads.get(main, {}).get(main.pid) for look in (first, second))
    for _ in range(5):
        if before is None or after is None:
            return True  # nothing is known of single threads here
        if after.wait != "running":
            break
        time.sleep(0.01)
        after = kernel.threads(main).get(main.pid)
    else:
        return False
    return after.wait in ("endless", "unknown") and after.turns - before.turns <= LIVELY


def _awake(before: Mapping[int, kernel.Thread], after: Mapping[int, kernel.Thread]) -> set[int]:
    """The threads of a process that ran between two looks, or do not wait without end."""
    return {
        number
        for number, thread in after.items()
        if number not in before
        or before[number].turns != thread.turns
        or thread.wait not in ("endless", "unknown")
    }


def _busy(first: Look, second: Look, process: psutil.Process) -> set[int]:
    """The threads of a process that do more than to be woken for a moment by the end of a child."""
    before, after = first.threads.get(process, {}), second.threads[process]
    return {
        number
        for number, thread in after.items()
        if thread.wait in ("running", "timed")
        or number not in before
        or thread.turns - before[number].turns > DROWSY
    }


def _works(first: Look, second: Look, process: psutil.Process) -> bool:
    """Whether a process does more than to wake up now and then."""
    before, after = first.threads.get(process, {}), second.threads[process]
    if not before or any(thread.wait == "running" for thread in after.values()):
        return True
    turns = sum(
        thread.turns - before[number].turns for number, thread in after.items() if number in before
    )
    return turns > DROWSY


class _Blocked:
    """Evidence that all processes are blocked."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.forget()

    def forget(self) -> None:
        self._seen: object = None
        self._rounds = 0
        self._since = 0.0

    def add(self, look: Look, awake: Awake, stacks: Stacks) -> Hang | None:
        """Takes in a round in which nobody worked; the hang, when it is proved."""
        blind = any(
            thread.wait == "unknown" for found in look.threads.values() for thread in found.values()
        )
        for process in look.kinds:
            found = stacks.get(process, ())
            sleeps = blind and any(_sleeps(stack) for stack in _held(found))
            if sleeps or not _still(process, awake[process], found):
                self.forget()
                return None
        seen = (
            look.kinds.keys(),
            {process: _held(found) for process, found in stacks.items()},
        )
        if self._seen != seen:
            self._seen, self._rounds, self._since = seen, 0, time.monotonic()
        self._rounds += 1
        if blind:
            return Hang(stacks) if time.monotonic() - self._since >= BLIND_SECONDS else None
        # a process that gives no answer although it is Python may just be slow: then look longer
        mute = any(p.pid in self._journal.by_pid and p not in stacks for p in look.kinds)
        return Hang(stacks) if self._rounds >= ROUNDS * (3 if mute else 1) else None


class _Replaced:
    """Evidence that a pool replaces its workers for ever while the main process waits: a row of
    failures that no success breaks."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._counted: set[int] = set()  # places in the journal
        self.forget()

    def forget(self) -> None:
        self._stack: Stack | None = None
        self._begin()

    def _begin(self) -> None:
        self._since = time.time()
        self._failed = 0
        self._nameless = 0  # those that failed before they knew what they are
        self._longest = 0.0  # how long a failure took, at most

    def count(self, ended: tuple[int, ...]) -> int:
        """How many workers have failed in a row so far."""
        for place in ended:
            noted = self._journal.noted[place]
            if place in self._counted:
                continue
            self._counted.add(place)
            if noted.status == 0 or (noted.name and "PoolWorker-" not in noted.name):
                self._begin()
            elif noted.since >= self._since:
                self._failed += 1
                self._nameless += not noted.name
                self._longest = max(self._longest, time.time() - noted.since)
        return self._failed

    def add(self, main: psutil.Process, awake: Awake, stacks: tuple[Stack, ...]) -> Hang | None:
        """Takes in a round in which the main thread waited; the hang, when it is proved."""
        stack = next((stack for stack in stacks if stack.main), None)
        if stack is None:
            return None
        if stack != self._stack:
            self._stack = stack
            self._begin()
            return None
        # one thread of the main process may be awake: the keeper of the pool, who replaces
        if len(awake[main] - {main.pid}) > 1:
            self._begin()
            return None
        # whoever else is awake must be a replacement, and not live longer than those that failed
        oldest = max(self._since, time.time() - max(2 * self._longest, 1.0))
        if any(
            threads and process != main and process.create_time() < oldest - 0.5
            for process, threads in awake.items()
        ):
            return None
        if self._nameless and not _is_in(stack.frames, "multiprocessing/pool.py"):
            return None  # nobody knows whether it is a pool that replaces them
        enough = self._failed >= REPLACED and time.time() - self._since >= REPLACED_SECONDS
        return Hang({main: (stack,)}, self._failed) if enough else None


def _still(process: psutil.Process, awake: set[int], stacks: Threads) -> bool:
    """Whether the threads of a process that are awake are but those that may be. Which thread has
    which stack is known of the main thread only; of the others the number must do."""
    if process.pid in awake and not any(stack.main and _looks_around(stack) for stack in stacks):
        return False
    return len(awake) <= sum(map(_looks_around, stacks))


def _held(stacks: Threads) -> Threads:
    """The stacks that must not change."""
    return tuple(stack for stack in stacks if not _looks_around(stack))


def _looks_around(stack: Stack) -> bool:
    """Whether this is a thread of the library that wakes up by the clock, and only to look: a
    manager's main thread, the keeper of a pool of threads."""
    if _is_in(stack.frames, "multiprocessing/managers.py", "serve_forever"):
        return True
    return _is_in(stack.frames[:1], "multiprocessing/pool.py", "_wait_for_updates")


def _is_in(frames: tuple[Frame, ...], path: str, function: str = "") -> bool:
    return any(in_library(frame, path) and function in ("", frame.function) for frame in frames)


def _sleeps(stack: Stack) -> bool:
    """Whether a thread seems to sleep, by the text of the line that it has reached."""
    if not stack.frames:
        return False
    return "sleep(" in linecache.getline(stack.frames[0].file, stack.frames[0].line)
