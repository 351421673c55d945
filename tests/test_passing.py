"""Long blocks: a machine steps over what does not concern it, and finds the same as one that takes
every step."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from small import Small, small

from mplint.model.channels.draining import _Joining
from mplint.model.channels.ending import _Ending
from mplint.model.channels.failing import _Dying, _Sending
from mplint.model.nouns import Operation
from mplint.model.paths import passing
from mplint.model.paths.assuming import Assumed, Assuming
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import Machine
from mplint.model.paths.passing import Passing
from mplint.model.pools.pools import _State
from mplint.model.sharing.locks import FREE, _Holding
from mplint.model.values import Made

TOP = """
queues = [mp.Queue(), mp.Queue()]
first, second = mp.Queue(), mp.Queue()
one, other = mp.Lock(), mp.Lock()

def helper(lock):
    with lock:
        toolbox.work()

def ends(early):
    if early:
        os._exit(1)

def again(times):
    first.put(times)
    if times:
        again(times - 1)

def items():
    yield second.get()

def cleaned(late):
    try:
        toolbox.work()
    finally:
        x = int(late)

def feeds():
    first.put(1)
    second.get()

fed = mp.Process(target=feeds)

def taken():
    for x in items():
        first.put(x)

def deep50():
    return toolbox.work()

CHAIN

def work(early, late):
    made = items()
"""
DEEP = "\n".join(f"def deep{i}():\n    return deep{i + 1}()\n" for i in range(50))
TOP = TOP.replace("CHAIN", DEEP)

PLAIN = (
    "first.put(1)",
    "second.put(toolbox.work())",
    "x = first.get()",
    "x = second.get(timeout=1)",
    "one.acquire()",
    "one.release()",
    "other.acquire()",
    "other.release()",
    "toolbox.work(one)",
    "toolbox.work()",
    "helper(other)",
    "again(3)",
    "ends(early)",
    "print(late)",
    "x = [first.get() for _ in late]",
    "x = list(items())",
    "x = list(made)",
    "taken()",
    "pool = mp.Pool()",
    "pool.map(print, late)",
    "pool.close()",
    "pool.join()",
    "crew = mp.Pool()",
    "mp.Process(target=feeds).start()",
    "fed.start()",
    "fed.join()",
    "fed.terminate()",
    "first.get_nowait()",
    "crew.terminate()",
    "return",
    "raise ValueError",
    "early = False",
)

NEUTRAL = (
    "toolbox.work()",
    "print(late)",
    "x = int(late)",
    "ends(early)",
    "cleaned(late)",
    "deep0()",
    "deep20()",
    "try:\n    toolbox.work()\n    return\nexcept Exception:\n    toolbox.note()",
    "try:\n    toolbox.work()\nfinally:\n    toolbox.note()",
    "try:\n    toolbox.work()\nexcept ValueError:\n    toolbox.note()",
    "try:\n    return toolbox.work()\nfinally:\n    x = int(late)",
    "if early:\n    raise KeyError",
    "for x in late:\n    if toolbox.work(x):\n        break",
)
"""What does not concern most machines; after some of it there has been a failure on all ways."""

AROUND = (
    ("if early:", "else:"),
    ("if late:",),
    ("while toolbox.more():",),
    ("for x in late:",),
    ("with one:",),
    ("with mp.Pool() as pool:",),
    ("try:", "except ValueError:"),
    ("try:", "except Exception:", "else:"),
    ("try:", "finally:"),
)


def body(chance: random.Random, size: int, depth: int = 0) -> str:
    """A block of about so many statements; nested ones are shorter."""
    lines = []
    for _ in range(size):
        if chance.random() < 0.5:
            lines.append(chance.choice(NEUTRAL))
        elif depth < 3 and chance.random() < 0.25:
            for head in chance.choice(AROUND):
                inner = body(chance, chance.randint(1, max(1, size // 3)), depth + 1)
                lines += [head, indent(inner, "    ")]
        else:
            lines.append(chance.choice(PLAIN if chance.random() < 0.3 else PLAIN[:-3]))
    return "\n".join(lines)


def machines(program: Small) -> Iterator[tuple[Callable[[], Machine[Any]], object]]:
    """Machines of all kinds that step over something, each with the state that it begins in."""
    model = program.program

    def assuming(acquire: Operation) -> Machine[Any]:
        return Assuming(model, _Holding(model, acquire, acquire.receiver))

    for made in model.made:
        if made.kind.role == "pool":
            home = next(a for a in model.solver.activations if a.scope.name == "work")
            yield lambda made=made, home=home: _State(model, made, home), ("unknown", None)
        if made.kind.role == "queue":
            yield lambda made=made: _Sending(model, made, "put"), "silent"
            yield lambda made=made: _Dying(model, made), "idle"
            channel = model.channels[made]
            puts = [*channel.puts]
            for worker in model.workers:
                yield lambda w=worker, c=channel: _Joining(None, w, c), "none"
                yield lambda w=worker, p=puts: _Ending(w, p), "idle"
                for join in worker.operations("join"):
                    yield lambda j=join, w=worker, c=channel: _Joining(j, w, c), "none"
    for acquire in model.operations:
        if acquire.does == "acquire" and isinstance(acquire.receiver, Made):
            yield lambda acquire=acquire: _Holding(model, acquire, acquire.receiver), FREE
            yield lambda acquire=acquire: assuming(acquire), Assumed(FREE)


def told(flow: Flow[Any], program: Small, begin: object) -> list[object]:
    """The ways out of the worker, in the order in which they are found."""
    found: list[object] = []
    for activation in program.program.solver.activations:
        if activation.scope.name == "work":
            for way, states in flow.ends(activation, begin).items():
                found.append((str(way), sorted(map(repr, states.items()))))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_lost_by_stepping_over(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    program = small(tmp_path, TOP + indent(body(chance, chance.choice((6, 15, 40))), "    "))
    monkeypatch.setattr(passing, "LONG", chance.choice((1, 4, 12)))
    for make, begin in machines(program):
        # one after the other: what one has found out, the next one uses
        stepping = told(Passing(program.program, make()), program, begin)
        assert stepping == told(Flow(program.program, make()), program, begin), type(make())


def test_what_is_stepped_over_is_looked_at_once(tmp_path: Path) -> None:
    lines = [f"pool{i} = mp.Pool()\npool{i}.close()\ntoolbox.work()" for i in range(30)]
    program = small(tmp_path, "def work():\n" + indent("\n".join(lines), "    "))
    steps = 0

    class Counting(Passing[Any]):
        def _step(self, *arguments: Any) -> Any:
            nonlocal steps
            steps += 1
            return super()._step(*arguments)

    [home] = [a for a in program.program.solver.activations if a.scope.name == "work"]
    for pool in program.program.made:
        Counting(program.program, _State(program.program, pool, home)).ends(home, ("unknown", None))
    assert steps < 30 * 6


CHAIN = """
def top():
    middle()

def middle():
    bottom()

def bottom():
    print()

def ping():
    pong()

def pong():
    ping()

def above():
    ping()
"""


@pytest.mark.parametrize(
    ("name", "depth"),
    [("top", 2), ("middle", 1), ("bottom", 0), ("ping", None), ("pong", None), ("above", None)],
)
def test_how_deep_calls_are(tmp_path: Path, name: str, depth: int | None) -> None:
    program = small(tmp_path, CHAIN + "above()\ntop()\n").program
    [activation] = [a for a in program.solver.activations if a.scope.name == name]
    assert program.call_depth(activation) == (float("inf") if depth is None else depth)


HELPED = """
def produce(queue):
    yield queue.put(1)

def drain(source):
    for x in source:
        print(x)

def work(queue):
    made = produce(queue)
    PRINTS
    drain(made)
    toolbox.work()
    PRINTS

def main():
    queue = mp.Queue()
    mp.Process(target=work, args=(queue,)).start()
    queue.get()

main()
"""


def test_a_generator_is_run_where_a_helper_takes_its_items(tmp_path: Path) -> None:
    """No place of the worker's own tells that it puts there."""
    prints = "\n    ".join(["print()"] * passing.LONG)
    program = small(tmp_path, HELPED.replace("PRINTS", prints))
    model = program.program
    [made] = [made for made in model.made if made.kind.role == "queue"]
    flows = [kind(model, _Sending(model, made, "put")) for kind in (Passing, Flow)]
    stepping, every = [told(flow, program, "silent") for flow in flows]
    assert stepping == every
    assert "sent" in repr(every)
