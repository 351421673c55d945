"""How many bytes an item takes in a pipe, at least."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mplint.model import facts as f
from mplint.model.outline import Around
from mplint.model.values import Activation, Literal, Named

if TYPE_CHECKING:
    from mplint.model.nouns import Channel, Operation
    from mplint.model.program import Program

ROOM = 65_536
"""Bytes that fit into a pipe on Linux; nowhere more."""

LEAST = 9
"""Bytes of the smallest item: four say how long it is, and None takes five."""

_DEPTH = 6
_OF_BYTES = frozenset({"bytes", "bytearray", "os.urandom", "secrets.token_bytes"})
_OF_ITEMS = frozenset({"list", "tuple", "set", "frozenset", "sorted"})


def writes_itself(channel: Channel) -> bool:
    """Whether a put on a queue waits for room in the pipe itself, as there is no background thread
    that does."""
    kind = channel.kind
    return kind.family == "process" and kind.role == "queue" and "join_thread" not in kind.methods


def fills(put: Operation) -> bool:
    """Whether one put is certainly more than a pipe holds."""
    item = put.argument(put.method.parameters[0])
    return item is not None and least(put.program, item, put.activation) >= ROOM


def overfills(put: Operation, channel: Channel, spare: int = 0) -> bool:
    """Whether what one statement puts is certainly more than a pipe holds, even when `spare` items
    of it are taken out."""
    if fills(put) and not spare:
        return True
    count = put.program.amounts.turns(put, channel.exit)
    number = (count.known or 0) - spare if count is not None else 0
    return number * LEAST > ROOM or (fills(put) and number > 0)


def least(program: Program, item: f.Expr, activation: Activation, depth: int = 0) -> int:
    """How many bytes an expression takes at least when it is pickled; nothing where that is not
    known."""
    if depth > _DEPTH:
        return 0
    match item:
        case f.Constant(value=str() | bytes() as text):
            return len(text)
        case f.Display(items=items):
            return len(items) + sum(least(program, i, activation, depth + 1) for i in items)
        case f.DictDisplay(items=pairs):
            return len(pairs) + sum(least(program, v, activation, depth + 1) for _, v in pairs)
        case f.Binary(operators=("*",), operands=(left, right)):
            times = max(_number(program, side, activation) for side in (left, right))
            texts = [least(program, side, activation, depth + 1) for side in (left, right)]
            return times * max(texts)
        case f.Binary(operators=operators, operands=operands) if set(operators) == {"+"}:
            return sum(least(program, part, activation, depth + 1) for part in operands)
        case f.Comprehension(shape="list" | "set" | "dict", clauses=clauses):
            return _turns(program, item, len(clauses), activation)
        case f.Call(function=function, arguments=(f.Argument(value=given, star=""),)):
            paths = {
                value.path if isinstance(value, Named) else ""
                for value in program.values(function, activation)
            }
            if paths and paths <= _OF_BYTES:
                return _number(program, given, activation)
            if paths and paths <= _OF_ITEMS and isinstance(given, f.Call):
                length = program.counter.length(given, activation)
                return length.known or 0 if length is not None else 0
        case f.Name():
            followed = program.counter.definition(item, activation)
            return least(program, *followed, depth + 1) if followed is not None else 0
    return 0


def _turns(program: Program, item: f.Comprehension, clauses: int, activation: Activation) -> int:
    """How many elements a comprehension makes, where that is certain."""
    total = 1
    for index in range(clauses):
        frame = Around(item, "clause", index)
        turns = program.counter.loop(frame, activation, at_most=False)
        total *= turns.known or 0 if turns is not None else 0
    return total


def _number(program: Program, expression: f.Expr, activation: Activation) -> int:
    values = program.values(expression, activation)
    numbers = [v.value for v in values if isinstance(v, Literal) and type(v.value) is int]
    return max(numbers[0], 0) if len(numbers) == len(values) == 1 else 0
