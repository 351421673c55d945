"""Whether a loop that waits for another process ever pauses."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import put_into, small

PROGRAM = """
    import asyncio
    import time
    from unittest import mock

    jobs, few, stop = mp.Queue(), mp.Queue(3), mp.Event()
    flag, table = mp.Value("i", 0), mp.Array("i", 3)
    reader, writer = mp.Pipe(duplex=False)
    process = mp.Process(target=print)
    workers = [mp.Process(target=print) for _ in range(3)]
    lines = queue.Queue()

    def stopped():
        done = stop.is_set()
        return done

    def has_stopped():
        return stopped()

    def again(items):
        again(items)

    def rest():
        time.sleep(1)

    def counted():
        yield 1

    def count():
        global number
        number = 1

    def function(pool, items):
        BODY
"""


@pytest.mark.parametrize(
    ("body", "asks"),
    [
        # what is asked
        ("while jobs.empty():  # here\n    pass", "jobs.empty()"),
        ("while jobs.qsize() == 0:  # here\n    pass", "jobs.qsize()"),
        ("while not jobs.qsize():  # here\n    pass", "jobs.qsize()"),
        ("while True:  # here\n    if jobs.qsize() > 0:\n        jobs.get()", "jobs.qsize()"),
        ("while jobs.full():  # here\n    pass", "jobs.full()"),
        ("while not stop.is_set():  # here\n    pass", "stop.is_set()"),
        ("while not stopped():  # here\n    pass", "stop.is_set()"),
        ("while not has_stopped():  # here\n    pass", "stop.is_set()"),
        ("while items:  # here\n    again(items)", None),
        ("while not reader.poll():  # here\n    pass", "reader.poll()"),
        ("while not reader.poll(0):  # here\n    pass", "reader.poll()"),
        ("while process.is_alive():  # here\n    pass", "process.is_alive()"),
        ("while process.exitcode is None:  # here\n    pass", "process.exitcode"),
        ("while flag.value == 0:  # here\n    pass", "flag.value"),
        ("while not table[0]:  # here\n    pass", "table[0]"),
        ("while any(w.is_alive() for w in workers):  # here\n    pass", "w.is_alive()"),
        (
            "with mp.Pool() as p:\n    r = p.apply_async(print)\n"
            "    while not r.ready():  # here\n        pass",
            "r.ready()",
        ),
        ("while lines.empty():  # here\n    pass", None),
        ("while items.empty():  # here\n    pass", None),
        ("while items:  # here\n    pass", None),
        # what is there is taken, and work: only the turns in which nothing comes count
        (
            "while True:  # here\n    if not jobs.empty():\n        toolbox.do(jobs.get())",
            "jobs.empty()",
        ),
        (
            "while True:  # here\n    if jobs.empty():\n        continue\n"
            "    toolbox.do(jobs.get())",
            "jobs.empty()",
        ),
        ("while not jobs.empty():  # here\n    toolbox.do(jobs.get())", None),
        ("while True:  # here\n    if jobs.empty():\n        break", None),
        ("while not process.is_alive():  # here\n    pass", None),
        (
            "while not stop.is_set():  # here\n    while not jobs.empty():\n        jobs.get()",
            "stop.is_set()",
        ),
        (
            "while True:  # here\n    try:\n        toolbox.do(jobs.get_nowait())\n"
            "    except queue.Empty:\n        pass",
            "jobs.get_nowait()",
        ),
        (
            "while True:  # here\n    try:\n        toolbox.do(jobs.get_nowait())\n"
            "    except queue.Empty:\n        break",
            None,
        ),
        (
            "while True:  # here\n    try:\n        toolbox.do(jobs.get(timeout=1))\n"
            "    except queue.Empty:\n        pass",
            None,
        ),
        (
            "while not (stop.is_set() or jobs.empty()):  # here\n    toolbox.do(jobs.get())",
            None,
        ),
        ("while not (stop.is_set() and jobs.empty()):  # here\n    pass", "stop.is_set()"),
        # what waits, on one way at least
        (
            "while process.is_alive():  # here\n    try:\n        return jobs.get(timeout=1)\n"
            "    except queue.Empty:\n        pass",
            None,
        ),
        (
            "while process.is_alive():  # here\n    try:\n        few.put(1, timeout=1)\n"
            "        return\n    except queue.Full:\n        pass",
            None,
        ),
        (
            "while process.is_alive():  # here\n    try:\n        few.put(1, block=False)\n"
            "        return\n    except queue.Full:\n        pass",
            "process.is_alive()",
        ),
        ("while jobs.empty():  # here\n    time.sleep(1)", None),
        ("while jobs.empty():  # here\n    rest()", None),
        ("while jobs.empty():  # here\n    if items:\n        rest()", None),
        ("while jobs.empty():  # here\n    items.pause()", None),
        ("while not stop.is_set():  # here\n    jobs.get()", None),
        ("while not stop.is_set():  # here\n    reader.poll(1)", None),
        ("while process.is_alive():  # here\n    process.join(1)", None),
        ("while not stop.wait(1):  # here\n    stop.is_set()", None),
        ("while jobs.empty():  # here\n    (items or jobs).get()", None),
        ("while jobs.empty():  # here\n    function(pool, items)", None),
        ("while not stop.is_set():  # here\n    jobs.get_nowait()", None),  # it is there, or raises
        # what may be work
        ("while jobs.empty():  # here\n    toolbox.do()", None),
        ("while jobs.empty():  # here\n    if items:\n        toolbox.do()", "jobs.empty()"),
        ("while jobs.empty():  # here\n    print('nothing')", None),
        ("while jobs.empty():  # here\n    items += 1", None),
        ("while jobs.empty():  # here\n    items[0] = 1", None),
        ("while jobs.empty():  # here\n    count()", None),
        ("while jobs.empty():  # here\n    flag.value = 3", None),
        ("while jobs.empty():  # here\n    stop.clear()", None),
        ("while jobs.empty():  # here\n    mp.Process(target=print).start()", None),
        ("while jobs.empty() and time.time() < items:  # here\n    pass", None),
        ("while len(items) > 3 and jobs.empty():  # here\n    pass", "jobs.empty()"),
        (
            "while True:  # here\n    seen = stop.is_set()\n    if seen:\n        break",
            "stop.is_set()",
        ),
        (
            "while True:  # here\n    seen = seen or stop.is_set()\n    if seen:\n        break",
            None,
        ),
        # a generator pauses where it gives something away, and only there
        ("while jobs.empty():  # here\n    yield", None),
        ("while jobs.empty():  # here\n    got = yield", None),
        ("while jobs.empty():  # here\n    yield from items", None),
        (
            "while True:  # here\n    if not jobs.empty():\n        yield jobs.get()",
            "jobs.empty()",
        ),
        ("while jobs.empty():  # here\n    for number in counted():\n        pass", "jobs.empty()"),
        # one of several, and all of them for processes
        ("one = jobs if items else few\nwhile one.empty():  # here\n    pass", "one.empty()"),
        ("one = jobs if items else lines\nwhile one.empty():  # here\n    pass", None),
        ("one = jobs if items else pool\nwhile one.empty():  # here\n    pass", None),
        (
            "one = jobs if items else mp.Manager().Queue()\nwhile one.empty():  # here\n    pass",
            "one.empty()",
        ),
        (
            "mock.patch('multiprocessing.Queue')\none = jobs if items else few\n"
            "while one.empty():  # here\n    pass",
            None,
        ),
    ],
)
def test_a_loop_that_never_pauses(tmp_path: Path, body: str, asks: str | None) -> None:
    program = small(tmp_path, put_into(PROGRAM, body))
    spins = program.view().spins(program.node("here", cst.While))
    assert {spin.text for spin in spins} == ({asks} if asks else set())


def test_a_coroutine_pauses(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        jobs = mp.Queue()

        async def function():
            while jobs.empty():  # here
                pass
        """,
    )
    assert program.view().spins(program.node("here", cst.While)) == []


CALLBACKS = """
    import collections
    import concurrent.futures

    class Box:
        def append(self, result):
            pass

    def keep(future):
        shared.append(future.result())

    def note(result):
        print(result)

    shared, found, others = [], [], []
    box, seen, line = Box(), set(), collections.deque()
    pool, executor = mp.Pool(), concurrent.futures.ProcessPoolExecutor()
    threads = concurrent.futures.ThreadPoolExecutor()

    def function(items):
        BODY
        print(items)
"""


@pytest.mark.parametrize(
    ("given", "loop", "asks"),
    [
        ("pool.apply_async(len, callback=found.append)", "while not found", "found"),
        ("pool.apply_async(len, callback=found.append)", "while len(found) < 3", "found"),
        ("pool.map_async(len, items, callback=found.extend)", "while found == []", "found"),
        ("pool.apply_async(len, callback=lambda x: found.append(x))", "while not found", "found"),
        ("executor.submit(len, 1).add_done_callback(keep)", "while not shared", "shared"),
        ("pool.apply_async(len, callback=seen.add)", "while not seen", "seen"),
        ("pool.apply_async(len, callback=line.appendleft)", "while not line", "line"),
        # it is looked at only while there is something
        ("pool.apply_async(len, callback=found.append)", "while found", None),
        # nobody fills it, or not from another process
        ("pool.apply_async(len, callback=found.append)", "while not others", None),
        ("pool.apply_async(len, callback=note)", "while not found", None),
        ("pool.apply_async(len, callback=found.remove)", "while not found", None),
        ("pool.apply_async(len, (found.append,))", "while not found", None),
        ("threads.submit(len, 1).add_done_callback(keep)", "while not shared", None),
        ("toolbox.pool().apply_async(len, callback=found.append)", "while not found", None),
        ("pool.apply_async(len, callback=box.append)", "while not box", None),
        ("pool.apply_async(len, callback=lambda x: found.index(x))", "while not found", None),
        ("concurrent.futures.Future().add_done_callback(keep)", "while not shared", None),
        # it may be another one
        (
            "pool.apply_async(len, callback=found.append); either = found if items else others",
            "while not either",
            None,
        ),
        (
            "pool.apply_async(len, callback=found.append)\n"
            "pool.apply_async(len, callback=others.append)\n"
            "either = found if items else others",
            "while not either",
            None,
        ),
    ],
)
def test_a_list_that_a_callback_fills(
    tmp_path: Path, given: str, loop: str, asks: str | None
) -> None:
    body = f"{given}\n{loop}:  # here\n    pass"
    program = small(tmp_path, put_into(CALLBACKS, body))
    spins = program.view().spins(program.node("here", cst.While))
    assert [spin.text for spin in spins] == ([asks] if asks else [])


@pytest.mark.parametrize(
    ("turn", "spins"),
    [
        ("if found:\n        print(found.pop())", True),
        ("if not found:\n        continue\n    print(found.pop())", True),
        ("if items and found:\n        print(found.pop())", True),
        ("if found:\n        break\n    items.sleep(1)", False),
        ("if found:\n        break\n    print()", False),
    ],
)
def test_a_turn_that_looks_at_such_a_list(tmp_path: Path, turn: str, spins: bool) -> None:
    given = "pool.apply_async(len, callback=found.append)"
    program = small(tmp_path, put_into(CALLBACKS, f"{given}\nwhile items:  # here\n    {turn}"))
    assert bool(program.view().spins(program.node("here", cst.While))) is spins
