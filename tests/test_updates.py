"""Whether changes of shared values are safe from each other, and whether they reach the others."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import put_into, small

UPDATES = """
manager = mp.Manager()
lock = mp.Lock()

def helper(number):
    number.value += 1

class Own:
    def __enter__(self):
        lock.acquire()

    def __exit__(self, *error):
        lock.release()

def locked(function):
    return function

def work(number, array, raw, words, names, rank):
    BODY

def main():
    number = mp.Value("i", 0)
    array = mp.Array("i", 3)
    raw = mp.RawValue("i", 0)
    words, names = manager.dict(), manager.Namespace()
    START

if __name__ == "__main__":
    main()
"""
ALL = "number, array, raw, words, names"
MANY = "for rank in range(3):\n    mp.Process(target=work, args=(ALL, rank)).start()"


@pytest.mark.parametrize(
    ("body", "lock"),
    [
        ("number.value += 1  # a", "`with number.get_lock():`"),
        ("number.value = number.value * 2  # a", "`with number.get_lock():`"),
        ("old = number.value\nnumber.value = old + 1  # a", "`with number.get_lock():`"),
        ("number.value = 5  # a", None),
        ("number.value = rank  # a", None),
        ("array[0] += 1  # a", "`with array.get_lock():`"),
        ("for i in range(len(array)):\n    array[i] += 1  # a", "`with array.get_lock():`"),
        ("array[rank] += 1  # a", None),
        ("raw.value -= 1  # a", "`with lock:`, where `lock` is a `multiprocessing.Lock()`"),
        ("words['a'] += 1  # a", "`with lock:`, where `lock` is a `manager.Lock()`"),
        ("words['a'] = words.get('a', 0) + 1  # a", "`with lock:`"),
        ("words[rank] = words.get(rank, 0) + 1  # a", None),
        ("names.total += 1  # a", "`with lock:`, where `lock` is a `manager.Lock()`"),
        ("if rank == 0:\n    number.value += 1  # a", None),
        ("if rank % 2 == 0:\n    number.value += 1  # a", "`with number.get_lock():`"),
        ("with lock:\n    number.value += 1  # a", None),
        ("with number.get_lock():\n    number.value += 1  # a", None),
        ("with Own():\n    number.value += 1  # a", None),
        ("with toolbox.exclusive():\n    number.value += 1  # a", None),
        ("with open('x'):\n    number.value += 1  # a", "`with number.get_lock():`"),
        ("lock.acquire()\nnumber.value += 1  # a\nlock.release()", None),
        ("toolbox.value += 1  # a", None),
        ("total = 0\ntotal += 1  # a", None),
    ],
)
def test_updates_without_a_lock(tmp_path: Path, body: str, lock: str | None) -> None:
    program = small(
        tmp_path,
        put_into(put_into(UPDATES, body).replace("START", "BODY"), MANY).replace("ALL", ALL),
    )
    line = next(line for line in body.splitlines() if "# a" in line)
    changes = any(f" {operator}= " in line for operator in "+-*")
    node = program.node("a", cst.AugAssign if changes else cst.Assign)
    found = program.view().unlocked_updates(node)
    assert bool(found) is (lock is not None)
    assert lock is None or found[0].lock.startswith(lock)


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (MANY, True),
        (
            "for rank in range(1):\n    mp.Process(target=work, args=(ALL, rank)).start()",
            False,
        ),
        ("mp.Process(target=work, args=(ALL, 1)).start()", False),
        (
            "mp.Process(target=work, args=(ALL, 1)).start()\n"
            "mp.Process(target=work, args=(ALL, 2)).start()",
            True,
        ),
        (
            "for rank in range(3):\n    p = mp.Process(target=work, args=(ALL, rank))\n"
            "    p.start()\n    p.join()",
            False,
        ),
        (
            "p = mp.Process(target=work, args=(ALL, 1))\np.start()\np.join()\n"
            "q = mp.Process(target=work, args=(ALL, 2))\nq.start()\nq.join()",
            False,
        ),
        (
            "with mp.Pool(2) as pool:\n    pool.starmap(work, [(ALL, 1), (ALL, 2)])",
            True,
        ),
        (
            "with mp.Pool(1) as pool:\n    pool.starmap(work, [(ALL, 1), (ALL, 2)])",
            False,
        ),
        (
            "with mp.Pool(2) as pool:\n    pool.apply(work, (ALL, 1))",
            False,
        ),
        (
            "with mp.Pool(2) as pool:\n    for i in range(5):\n"
            "        pool.apply_async(work, (ALL, i))",
            True,
        ),
        (
            "with mp.Pool(2) as pool:\n    for i in range(5):\n"
            "        pool.apply_async(work, (ALL, i)).get()",
            False,
        ),
        ("work(ALL, 1)", False),
        (
            "threading.Thread(target=work, args=(ALL, 1)).start()",
            False,
        ),
        (
            "for rank in range(3):\n    own = mp.Value('i', 0)\n"
            "    mp.Process(target=work, args=(own, array, raw, words, names, 1)).start()",
            False,
        ),
    ],
)
def test_updates_by_several_processes(tmp_path: Path, start: str, found: bool) -> None:
    body = put_into(UPDATES, "number.value += 1  # a").replace("START", "BODY")
    program = small(tmp_path, put_into(body, start).replace("ALL", ALL))
    assert bool(program.view().unlocked_updates(program.node("a", cst.AugAssign))) is found
