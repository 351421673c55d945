"""Processes that wait for a lock which nobody can release: their own, or each other's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.sharing.held import Inside, Region, lock_of
from mplint.model.state.once import is_many, is_single, overlap
from mplint.model.values import Activation, Made, Site, Value

if TYPE_CHECKING:
    from mplint.model.nouns import Operation, Worker
    from mplint.model.sharing.locks import Locks


class TakenTwice(Struct, frozen=True):
    """A lock that its holder takes again: `at` is where, in the function that holds it, and
    `second` where it is taken in the end."""

    first: Operation
    at: Site
    second: Site


class WaitsInside(Struct, frozen=True):
    """Somebody who holds a lock waits for a worker, which wants the lock as well."""

    first: Operation
    at: Site
    wait: Operation
    worker: Worker
    wants: Operation


class Opposite(Struct, frozen=True):
    """Two locks that one process takes in one order and another process in the other."""

    first: Operation
    at: Site
    second: Operation
    other_first: Operation
    other_second: Operation


class _Pair(Struct, frozen=True):
    region: Region
    inside: Inside
    second: Operation

    @property
    def at(self) -> Site:
        return place_in(self.region, self.inside)


def place_in(region: Region, inside: Inside) -> Site:
    """Where, in the function of a region, something happens: there, or in a call there."""
    if inside.calls:
        return inside.calls[0]
    return Site(region.activation.path, inside.at)


class Deadlocks:
    """What of this can happen in one program."""

    def __init__(self, locks: Locks) -> None:
        self.locks = locks
        self.program = locks.program
        self._plain: dict[Value, bool] = {}

    def _region(self, acquire: Operation) -> Region | None:
        return self.locks.regions.by_acquire(acquire)

    def _operations(self, inside: Inside) -> list[Operation]:
        return self.program.operations_at.get((inside.activation, inside.at), [])

    def _waits(self, operation: Operation) -> bool:
        return operation.sure and operation.blocks is True and operation.timed is False

    # Taken twice --------------------------------------------------------------------------------

    def taken_twice(self, acquire: Operation) -> TakenTwice | None:
        region = self._region(acquire)
        if region is None or not self._is_plain(region.lock):
            return None
        for inside in self.locks.regions.inside(region):
            if not inside.certain:
                continue
            for operation in self._operations(inside):
                if operation.does != "acquire" or not self._waits(operation):
                    continue
                if lock_of(self.program, operation.receiver) != region.lock:
                    continue
                if operation is not acquire and self._is_same(region, inside, operation):
                    return TakenTwice(acquire, place_in(region, inside), operation.site)
            if self._takes_by_itself(inside, region.lock):
                second = Site(inside.activation.path, inside.at)
                return TakenTwice(acquire, place_in(region, inside), second)
        return None

    def _is_plain(self, lock: Value) -> bool:
        """Whether a lock cannot be taken twice, and is always released by who has taken it."""
        if lock not in self._plain:
            self._plain[lock] = self._find_plain(lock)
        return self._plain[lock]

    def _find_plain(self, lock: Value) -> bool:
        if not isinstance(lock, Made) or lock.kind.name != "Lock" or lock.given:
            return False
        gives = self.locks.users(lock, "acquire") <= self.locks.users(lock, "release")
        return gives and not self.locks.is_handed_over(lock)

    def _is_same(self, region: Region, inside: Inside, second: Operation) -> bool:
        """Whether both are certainly one lock, and not two that the same line makes."""
        if isinstance(region.lock, Made) and is_single(self.program, region.lock):
            return True
        if region.acquire.receiver_text != second.receiver_text:
            return False
        if not inside.calls:
            return "[" not in second.receiver_text
        own = self.program.own_name(second.activation)
        of_object = own is not None and second.receiver_text.startswith(f"{own}.")
        return of_object and all(self._is_own_method(site) for site in inside.calls)

    def _is_own_method(self, site: Site) -> bool:
        for activation in self.program.activations_at(site):
            call = self.program.outline(activation).expressions.get(site.at)
            if isinstance(call, f.Call) and isinstance(call.function, f.Attribute):
                owner = call.function.value
                return isinstance(owner, f.Name) and owner.id == self.program.own_name(activation)
        return False

    def _takes_by_itself(self, inside: Inside, lock: Value) -> bool:
        """Whether an expression is `v.value` or `a[i]` of a shared value, which takes its lock."""
        found = self.program.outline(inside.activation).expressions.get(inside.at)
        if isinstance(found, f.Attribute) and found.name != "value":
            return False
        if not isinstance(found, (f.Attribute, f.Subscript)):
            return False
        values = self.program.objects(self.program.values(found.value, inside.activation))
        if len(values) != 1 or not isinstance(values[0], Made):
            return False
        made = values[0]
        wanted = "Array" if isinstance(found, f.Subscript) else "Value"
        return made.kind.name == wanted and lock_of(self.program, made) == lock

    # Waiting for somebody -----------------------------------------------------------------------

    def waits_inside(self, acquire: Operation) -> WaitsInside | None:
        region = self._region(acquire)
        if region is None or not self._is_one(region.lock):
            return None
        for inside in self.locks.regions.inside(region):
            for operation in self._operations(inside):
                for worker in self._awaited(operation, region.lock):
                    wants = self._wants(worker, region.lock)
                    if wants is not None and worker not in operation.runners:
                        at = place_in(region, inside)
                        return WaitsInside(acquire, at, operation, worker, wants)
        return None

    def _is_one(self, lock: Value) -> bool:
        if not isinstance(lock, Made) or "Semaphore" in lock.kind.name:
            return False
        return is_single(self.program, lock) and not self.locks.is_handed_over(lock)

    def _wants(self, worker: Worker, lock: Value) -> Operation | None:
        for use in self.locks.uses(lock, "acquire"):
            if worker in use.runners and self._waits(use):
                return use
        return None

    def _awaited(self, operation: Operation, lock: Value) -> Iterator[Worker]:
        """The workers that an operation waits for without end."""
        program = self.program
        place = (operation.activation, operation.at)
        if operation.does == "join" and operation.kind.role == "process":
            if operation.sure and operation.timed is False:
                found = program.processes_of(operation.receiver)
                yield from (worker for worker in found if not _is_killed_before(worker, operation))
        elif operation.does == "call" and operation.sure:
            yield from (w for w in program.launches_at.get(place, ()) if w in program.processes)
        elif operation.does == "result" and operation.sure and operation.timed is False:
            of = operation.receiver.of if isinstance(operation.receiver, Made) else None
            found = [w for w in program.processes_of(of) if w.how == "task"]
            if len(found) == 1 and len(found[0].entries) == 1:
                yield found[0]
        elif operation.does == "get" and self._waits(operation):
            yield from self._feeders(operation, lock)

    def _feeders(self, get: Operation, lock: Value) -> Iterator[Worker]:
        """The only worker that feeds a channel, if it holds the lock whenever it does."""
        channel = self.program.waiting.channel_of(get)
        if channel is None or not channel.is_closed_world:
            return
        runners = channel.senders
        if len(runners) != 1 or any(isinstance(runner, str) for runner in runners):
            return
        held = self._held_at(lock)
        if channel.puts and all((put.activation, put.at) in held for put in channel.puts):
            yield from (w for w in self.program.processes if w in runners)

    def _held_at(self, lock: Value) -> set[tuple[Activation, int]]:
        return {
            (inside.activation, inside.at)
            for region in self.locks.regions.all()
            if region.lock == lock
            for inside in self.locks.regions.inside(region)
        }

    # Opposite orders ----------------------------------------------------------------------------

    @cached_property
    def _pairs_of(self) -> dict[Operation, list[tuple[Value, Value, _Pair]]]:
        """The same by the place at which the first lock is taken."""
        found: dict[Operation, list[tuple[Value, Value, _Pair]]] = {}
        for (first, second), pairs in self._pairs.items():
            for pair in pairs:
                found.setdefault(pair.region.acquire, []).append((first, second, pair))
        return found

    @cached_property
    def _pairs(self) -> dict[tuple[Value, Value], list[_Pair]]:
        """Where a second lock is taken while a first one is held."""
        found: dict[tuple[Value, Value], list[_Pair]] = {}
        for region in self.locks.regions.all():
            if not self._is_one(region.lock):
                continue
            for inside in self.locks.regions.inside(region):
                for operation in self._operations(inside):
                    if operation.does != "acquire" or not self._waits(operation):
                        continue
                    second = lock_of(self.program, operation.receiver)
                    if second is None or second == region.lock or not self._is_one(second):
                        continue
                    pair = _Pair(region, inside, operation)
                    found.setdefault((region.lock, second), []).append(pair)
        return found

    def opposite(self, acquire: Operation) -> Opposite | None:
        """The other order, for the first of two places in the program."""
        for first, second, pair in self._pairs_of.get(acquire, ()):
            for other in self._pairs.get((second, first), ()):
                comes_first = _order(pair) < _order(other)
                if comes_first and self._meet(pair, other) and not self._gated(pair, other):
                    return Opposite(
                        acquire, pair.at, pair.second, other.region.acquire, other.second
                    )
        return None

    def _meet(self, pair: _Pair, other: _Pair) -> bool:
        """Whether two processes can be in both places at once."""
        here = pair.region.acquire.runners & pair.second.runners
        there = other.region.acquire.runners & other.second.runners
        for worker in here:
            for second in there:
                if isinstance(worker, str) or isinstance(second, str):
                    continue
                if worker is second and is_many(self.program, worker):
                    return True
                if worker is not second and overlap(worker, second):
                    return True
        return False

    def _gated(self, pair: _Pair, other: _Pair) -> bool:
        """Whether both hold a third lock before, which keeps them apart."""
        gates = [set(self._held_before(p)) for p in (pair, other)]
        return bool(gates[0] & gates[1])

    def _held_before(self, pair: _Pair) -> Iterator[Value]:
        place = (pair.region.activation, pair.region.acquire.at)
        for region in self.locks.regions.all():
            if region is not pair.region and region.acquire is not pair.second:
                if any((i.activation, i.at) == place for i in self.locks.regions.inside(region)):
                    yield region.lock


def _is_killed_before(worker: Worker, join: Operation) -> bool:
    """Whether a process may be killed before it is joined, so that it wants nothing any more."""
    kills = worker.operations("kill")
    return any(kill.activation is join.activation and kill.at < join.at for kill in kills)


def _order(pair: _Pair) -> tuple[str, int, int]:
    return (str(pair.at.path), pair.region.acquire.at, pair.at.at)
