"""Processes that are killed while they hold a lock."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import Small, put_into, small

KILLED = """
    import time

    def always(lock, word, news):
        while True:
            with lock:
                time.sleep(1)

    def waiting(lock, word, news):
        while True:
            with lock:
                word.wait()

    def quick(lock, word, news):
        while True:
            with lock:
                print(1)

    def resting(lock, word, news):
        while True:
            with lock:
                print(1)
            time.sleep(1)

    def both(lock, word, news):
        while True:
            with lock:
                time.sleep(1)
            time.sleep(1)

    def perhaps(lock, word, news):
        while True:
            with lock:
                rest()

    def rest():
        if toolbox.a():
            time.sleep(1)

    def tries(lock, word, news):
        lock.acquire(timeout=1)

    def until(lock, word, news):
        while toolbox.more():
            with lock:
                time.sleep(1)

    def says(lock, word, news):
        with lock:
            word.set()
            time.sleep(1)

    def puts(lock, word, news):
        lock.acquire()
        news.put(1)
        time.sleep(1)
        lock.release()

    def ends(lock, word, news):
        with lock:
            time.sleep(1)
            word.set()

    def before(lock, word, news):
        word.set()
        with lock:
            time.sleep(1)

    def twice(lock, word, news):
        word.set()
        with lock:
            word.set()
            time.sleep(1)

    def main(flag):
        lock, other, word = mp.Lock(), mp.Lock(), mp.Event()
        news, inbox = mp.Queue(), mp.Queue()
        p = mp.Process(target=TARGET, args=(lock, word, news))
        p.start()
        BODY
"""
HEAR, SLEEP = "word.wait()\n", "time.sleep(1)\n"
KILL = "p.terminate()  # here\n"
USE = "with lock: pass"


def holds(program: Small) -> bool:
    return program.program.killing.holding(program.operation("here")) is not None


@pytest.mark.parametrize(
    ("target", "body", "held"),
    [
        ("always", SLEEP + KILL + USE, True),
        ("waiting", SLEEP + KILL + USE, True),
        ("quick", SLEEP + KILL + USE, False),
        ("resting", SLEEP + KILL + USE, False),
        ("until", SLEEP + KILL + USE, False),
        ("both", SLEEP + KILL + USE, False),
        ("perhaps", SLEEP + KILL + USE, False),
        # it is told by the process itself
        ("says", HEAR + KILL + USE, True),
        ("says", "word.wait(1)\n" + KILL + USE, False),
        ("says", SLEEP + KILL + USE, False),
        ("says", HEAR + SLEEP + KILL + USE, False),
        ("says", HEAR + "toolbox.a()\n" + KILL + USE, False),
        ("says", HEAR + "print(1)\n" + KILL + USE, True),
        ("puts", "news.get()\n" + KILL + USE, True),
        ("puts", HEAR + KILL + USE, False),
        ("ends", HEAR + KILL + USE, False),
        ("before", HEAR + KILL + USE, False),
        ("twice", HEAR + KILL + USE, False),
        # in between
        ("always", KILL + USE, False),  # it has hardly begun
        ("always", SLEEP + "p.join()\n" + KILL + USE, False),
        ("always", "p.join(1)\n" + KILL + USE, True),
        ("waiting", SLEEP + "word.set()\n" + KILL + USE, False),
        ("always", SLEEP + "word.set()\n" + KILL + USE, True),
        ("always", SLEEP + "inbox.put(1)\n" + KILL + USE, True),
        ("always", SLEEP + "with lock:\n    " + KILL + USE, False),
        ("always", SLEEP + "with other:\n    " + KILL + USE, True),
        ("always", SLEEP + "if flag:\n    " + KILL + USE, False),
        # afterwards
        ("always", SLEEP + KILL, False),
        ("always", SLEEP + KILL + "p.join()\n" + USE, True),
        ("always", SLEEP + KILL + "with other: pass", False),
        ("always", SLEEP + KILL + "lock.acquire(timeout=1)", False),
        ("always", SLEEP + KILL + "lock.release()\n" + USE, False),
        (
            "always",
            SLEEP + KILL + "mp.Process(target=quick, args=(lock, word, news)).start()",
            True,
        ),
        ("always", SLEEP + KILL + "mp.Process(target=print, args=(lock,)).start()", False),
        (
            "always",
            SLEEP + KILL + "mp.Process(target=tries, args=(lock, word, news)).start()",
            False,
        ),
    ],
)
def test_a_lock_that_is_held(tmp_path: Path, target: str, body: str, held: bool) -> None:
    source = put_into(KILLED.replace("TARGET", target), body)
    program = small(tmp_path, source)
    assert holds(program) is held


@pytest.mark.parametrize(
    ("lock", "held"),
    [
        ("mp.RLock()", True),
        ("mp.Semaphore(2)", False),
        ("mp.Manager().Lock()", False),
        ("threading.Lock()", False),
    ],
)
def test_kinds_of_locks(tmp_path: Path, lock: str, held: bool) -> None:
    source = put_into(KILLED.replace("TARGET", "always"), SLEEP + KILL + USE)
    source = source.replace("mp.Lock()", lock, 1)
    assert holds(small(tmp_path, source)) is held


def test_one_of_several(tmp_path: Path) -> None:
    """Whoever waits for the lock, and is killed, does not take it along."""
    source = put_into(KILLED.replace("TARGET", "always"), SLEEP + KILL + USE)
    source = source.replace("p = mp.Process", "for _ in range(3): p = mp.Process")
    assert not holds(small(tmp_path, source))
