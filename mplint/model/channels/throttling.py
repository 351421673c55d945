"""Loops that hold back whoever puts something, until others have caught up: where they never do, it
is there that the program waits, and the put itself finds room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from mplint.model import facts as f
from mplint.model.facts import describe, within
from mplint.model.values import Made, Site

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation, Worker
    from mplint.model.program import Program

_ORDERS = frozenset({"<", "<=", ">", ">="})


class Throttle(Struct, frozen=True):
    """A loop beside a put that asks a number over and over until it is small or large enough, or,
    where it is not the `only` way out, until something else happens. `asked` is the number, as it
    is written, and `made` what holds it."""

    site: Site
    asked: str
    made: Made
    only: bool


def throttle(program: Program, put: Operation) -> Throttle | None:
    """The loop that holds back a put, in each turn of the loop around both."""
    outline = program.outline(put.activation)
    loops = outline.loops(put.at)
    around = loops[-1].node if loops else None
    if not isinstance(around, (f.For, f.While)):
        return None
    for step in around.body:
        if not isinstance(step, f.While):
            continue
        for asked, made in _numbers(program, put, step.test):
            left = any(isinstance(inner, f.Leave) for inner in f.steps(step.body))
            only = isinstance(step.test, f.Comparison) and not left
            site = Site(put.activation.path, step.test.at)
            return Throttle(site, describe(asked), made, only)
    return None


def _numbers(program: Program, put: Operation, test: f.Expr) -> Iterator[tuple[f.Expr, Made]]:
    """What a test compares of the numbers that processes share: values, and lengths of queues."""
    for comparison in within(test):
        if not isinstance(comparison, f.Comparison):
            continue
        if not any(operator in _ORDERS for operator, _ in comparison.rest):
            continue
        for part in within(comparison):
            match part:
                case (
                    f.Attribute(value=owner, name="value")
                    | f.Call(function=f.Attribute(value=owner, name="qsize"))
                ):
                    for value in program.values(owner, put.activation):
                        if isinstance(value, Made):
                            yield part, value


def is_for_ever(
    program: Program, held: Throttle, channel: Channel, put: Operation, workers: list[Worker]
) -> bool:
    """Whether a loop never ends once the consumers of what is put have ended: they change the
    number, or those who wait for their answers."""
    if not held.only:
        return False
    if held.made.kind.role == "queue":
        return held.made is channel.entrance
    known = {*workers, *put.runners}
    waiting = {
        get.activation
        for worker in workers
        for answers in program.channels_with(worker, "put")
        if all(each.runners <= known for each in answers.puts)
        for get in answers.gets
        if get.waits_for_ever
    }
    changes = [change.activation for change in program.globals.changes.get(held.made, ())]
    return bool(changes) and all(
        change in waiting or program.runners(change) <= known - put.runners for change in changes
    )
