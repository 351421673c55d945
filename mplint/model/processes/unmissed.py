"""Workers between two queues: one that ends by an error takes an item with it, and nobody may miss
the result."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.channels.failing import Failure
from mplint.model.values import Value

if TYPE_CHECKING:
    from mplint.model.channels.sentinels import Consumer
    from mplint.model.nouns import Channel, Operation, Runner, Worker
    from mplint.model.program import Program


class Unmissed:
    """The question about them, over one program."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def failure(self, worker: Worker) -> Failure | None:
        """For a worker that takes items from one queue and sends results on another, and has to do
        with nothing else: how it ends by an error with an item, where whoever takes the results is
        told the end by somebody else, and so waits for none."""
        found = [list(self.program.channels_with(worker, does)) for does in ("get", "put")]
        if [len(channels) for channels in found] != [1, 1]:
            return None
        (jobs,), (results,) = found
        if not (jobs.is_closed_world and results.is_closed_world):
            return None
        job = self._only_get(worker, jobs)
        if job is None or not self._is_told(worker, results):
            return None
        if self._touched[worker] - {jobs.entrance, jobs.exit, results.entrance, results.exit}:
            return None
        losses = self.program.gaps.losses(worker, job, results)
        return next((loss.failure for loss in losses if loss.ends), None)

    def _only_get(self, worker: Worker, jobs: Channel) -> Operation | None:
        gets = [get for get in jobs.gets if worker in get.runners]
        return gets[0] if len(gets) == 1 and gets[0].sure else None

    def _is_told(self, worker: Worker, results: Channel) -> bool:
        """Whether all who take results are told the end by others than a worker, which tells
        none."""
        consumers = self.program.sentinels.consumers(results)
        for consumer in consumers or ():
            told = [put for put in results.puts if self._tells(put, consumer)]
            if not told or any(worker in put.runners for put in told):
                return False
        return bool(consumers)

    def _tells(self, put: Operation, consumer: Consumer) -> bool:
        """Whether what a put sends ends a consumer, also as `(None, None)` of which that looks at
        one part."""
        item = put.argument(put.method.parameters[0])
        if consumer.whole or not isinstance(item, f.Display):
            return self.program.sentinels.tells(put, consumer) is True
        values = [put.values(part) for part in item.items]
        return bool(values) and all(each and each <= consumer.sentinels for each in values)

    @cached_property
    def _touched(self) -> dict[Runner, set[Value]]:
        """The objects for processes that each process does something to."""
        found: dict[Runner, set[Value]] = defaultdict(set)
        for operation in self.program.operations:
            if operation.kind.family in ("process", "manager"):
                for runner in operation.runners:
                    found[runner].add(operation.receiver)
        return found
