"""Locks of threads by which processes mean to take turns."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

WORK = """
turn = threading.Lock()  # turn

class Kept:
    turn = threading.RLock()  # kept

class Box:
    pass

plain = object()

def work(total, ours, rank):
    BODY

def main():
    total, ours = mp.Value("i", 0), mp.Lock()
    for rank in range(3):
        mp.Process(target=work, args=(total, ours, rank)).start()

main()
"""


@pytest.mark.parametrize(
    ("body", "lock"),
    [
        ("with turn:\n    total.value += 1", "turn"),
        ("with Kept.turn:\n    total.value += 1", "kept"),
        ("turn.acquire()\ntotal.value += 1\nturn.release()", "turn"),
        ("with turn:\n    seen = total.value\n    total.value = seen + 1", "turn"),
        ("box = Box()\nbox.turn = turn\nwith turn:\n    total.value += 1", "turn"),
        ("with turn:\n    total.value = 1", None),
        ("with turn:\n    print(total.value)", None),
        ("with turn, ours:\n    total.value += 1", None),
        ("with ours:\n    with turn:\n        total.value += 1", None),
        ("with turn:\n    with total.get_lock():\n        total.value += 1", None),
        ("ours.acquire()\nwith turn:\n    total.value += 1\nours.release()", None),
        ("with turn:\n    if rank == 0:\n        total.value += 1", None),
        ("total.value += 1", None),
        ("toolbox.a(turn)\nwith turn:\n    total.value += 1", None),
        ("with toolbox.a() or turn:\n    total.value += 1", None),
        ("mine = threading.Lock()  # mine\nwith mine:\n    total.value += 1", None),
    ],
)
def test_a_lock_of_each_process(tmp_path: Path, body: str, lock: str | None) -> None:
    program = small(tmp_path, put_into(WORK, body))
    made = {mark: program.made(mark)[0] for mark in ("turn", "kept", "mine") if mark in WORK + body}
    sharing = program.program.sharing
    found = {mark: sharing.thread_global(each) for mark, each in made.items()}
    assert [mark for mark, each in found.items() if each is not None] == ([lock] if lock else [])
    for each in found.values():
        assert each is None or (each.worker.name, len(each.uses)) == ("work", 1)


def test_a_lock_that_is_handed_over_is_another_mistake(tmp_path: Path) -> None:
    source = put_into(WORK, "with ours:\n    total.value += 1")
    program = small(tmp_path, source.replace("args=(total, ours", "args=(total, turn"))
    assert program.program.sharing.thread_global(program.made("turn")[0]) is None
