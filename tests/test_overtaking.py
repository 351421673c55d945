"""Sentinels that are put while items are still to come."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

PARENT = """
def produce(items, ready):
    items.put(3)
    ready.set()

def consume(items):
    while True:
        item = items.get()
        if item is None:
            break

def main():
    items, ready = mp.Queue(), mp.Event()
    producers = [mp.Process(target=produce, args=(items, ready)) for _ in range(2)]
    consumer = mp.Process(target=consume, args=(items,))
    BODY

main()
"""
START = "for producer in producers:\n    producer.start()\n"
JOIN = "for producer in producers:\n    producer.join()\n"
PUT = "items.put(None)  # a\n"


@pytest.mark.parametrize(
    ("body", "early"),
    [
        (START + PUT, True),
        (START + PUT + JOIN, True),
        ("for process in [consumer, *producers]:\n    process.start()\n" + PUT, True),
        (START + "items.put(4)\nprint()\n" + PUT, True),
        (START + JOIN + PUT, False),
        (PUT + START, False),
        (START + "ready.wait()\n" + PUT, False),
        (START + "time.sleep(9)\n" + PUT, False),
        (START + "toolbox.wait_for_all()\n" + PUT, False),
        (START + "toolbox.wait_for(producers)\n" + PUT, False),
        (START + "while any(p.is_alive() for p in producers):\n    pass\n" + PUT, False),
        (START + "items.put(4)  # a\n", False),
    ],
)
def test_put_by_the_parent(tmp_path: Path, body: str, early: bool) -> None:
    program = small(tmp_path, "import time\n" + put_into(PARENT, body))
    found = program.program.ending.overtakes(program.operation("a"))
    assert (found is not None) is early
    if found is not None:
        assert (found.producer.name, found.consumer, found.each) == ("produce", "`consume`", False)


EACH = """
def produce(items, lock, last):
    PUT

def consume(items):
    BODY

def main():
    items, lock = mp.Queue(), mp.Lock()
    for number in range(COUNT):
        mp.Process(target=produce, args=(items, lock, number == 2)).start()
    START

main()
"""
BOTH = "items.put(3)\nitems.put(None)  # a"
FIRST = "while True:\n    if items.get() is None:\n        break"
TOLD = "n = 0\nwhile True:\n    if items.get() is None:\n        n += 1\n        if n == 3:\n"
ONE = "mp.Process(target=consume, args=(items,)).start()"
TWO = "for _ in range(2):\n    mp.Process(target=consume, args=(items,)).start()"
THREE = TWO.replace("2", "3")


@pytest.mark.parametrize(
    ("put", "body", "start", "consumer"),
    [
        (BOTH, FIRST, ONE, "`consume`"),
        (BOTH, FIRST, TWO, "`consume`"),
        (BOTH, FIRST, THREE, None),
        (BOTH, FIRST, "consume(items)", "the main process"),
        (BOTH, "list(iter(items.get, None))", ONE, None),
        (BOTH, "for item in iter(items.get, None):\n    print(item)", ONE, "`consume`"),
        (BOTH, FIRST, "for _ in range(3):\n    consume(items)", None),
        (BOTH, TOLD + "            break", ONE, None),
        (BOTH, "n = 0\nwhile n < 3:\n    if items.get() is None:\n        n += 1", ONE, None),
        (BOTH, FIRST + "\nwhile not items.empty():\n    items.get()", ONE, None),
        ("items.put(3)\nif last:\n    items.put(None)  # a", FIRST, ONE, None),
        ("items.put(3)\nif not last:\n    return\nitems.put(None)  # a", FIRST, ONE, None),
        ("items.put(3)\nwith lock:\n    items.put(None)  # a", FIRST, ONE, None),
        ("items.put(None)  # a", FIRST, ONE, None),
        ("try:\n    items.put(3)\nfinally:\n    items.put(None)  # a", FIRST, ONE, "`consume`"),
        ("items.put(toolbox.item())\nitems.put(None)  # a", FIRST, ONE, None),
    ],
)
def test_put_by_each(tmp_path: Path, put: str, body: str, start: str, consumer: str | None) -> None:
    source = put_into(EACH.replace("COUNT", "3"), body)
    source = put_into(source.replace("PUT", "BODY"), put)
    program = small(tmp_path, put_into(source.replace("START", "BODY"), start))
    found = [program.program.ending.overtakes(each) for each in program.operations("a")]
    assert {each.consumer for each in found if each} == ({consumer} if consumer else set())


def test_one_producer_may_put_one(tmp_path: Path) -> None:
    source = put_into(EACH.replace("COUNT", "1"), FIRST)
    source = put_into(source.replace("PUT", "BODY"), BOTH)
    program = small(tmp_path, put_into(source.replace("START", "BODY"), ONE))
    assert program.program.ending.overtakes(program.operation("a")) is None
