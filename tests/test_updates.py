"""Whether changes of shared values are safe from each other, and whether they reach the others."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import put_into, small

from mplint.model.values import Site

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
        ("for i in range(0, len(array)):\n    array[i] += 1  # a", "`with array.get_lock():`"),
        ("for i in range(1, len(array)):\n    array[i] += 1  # a", None),
        ("for i in range(rank, len(array)):\n    array[i] += 1  # a", None),
        ("for i in range(0, 9, len(array)):\n    array[i] += 1  # a", None),
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


COPIES = """
class Job:
    def __init__(self):
        self.done = False

manager = mp.Manager()
table = manager.dict({"a": [1], "b": {"c": 1}})
rows = manager.list([[1], [2]])
jobs = manager.list([Job()])
names = manager.Namespace(texts=[])
nested = manager.dict()
nested.update({"a": manager.list()})
open_table = manager.dict()
open_table["a"] = toolbox.rows()
plain = {"a": [1]}

def work(key):
    BODY

if __name__ == "__main__":
    mp.Process(target=work, args=("a",)).start()
"""


@pytest.mark.parametrize(
    ("body", "element"),
    [
        ("table[key].append(1)  # a", "table[key]"),
        ("table.get('a').append(1)  # a", "table.get('a')"),
        ("table['b']['c'] = 2  # a", "table['b']"),
        ("table['b']['c'] += 2  # a", "table['b']"),
        ("del table['b']['c']  # a", "table['b']"),
        ("rows[0].append(1)  # a", "rows[0]"),
        ("jobs[0].done = True  # a", "jobs[0]"),
        ("names.texts.append(1)  # a", "names.texts"),
        ("row = rows[0]\nrow.append(1)  # a", "rows[0]"),
        ("for row in rows:\n    row.append(1)  # a", "row"),
        ("for row in rows:\n    row.append(1)  # a\n    print(row)", None),
        ("row = rows[0]\nrow.append(1)  # a\nrows[0] = row", None),
        ("rows.append(1)  # a", None),
        ("table['a'] += [2]  # a", None),
        ("table['a'].index(2)  # a", None),
        ("nested['a'].append(1)  # a", None),
        ("open_table['a'].append(1)  # a", None),
        ("plain['a'].append(1)  # a", None),
        ("dict(table)['a'].append(1)  # a", None),
    ],
)
def test_changes_of_copies(tmp_path: Path, body: str, element: str | None) -> None:
    program = small(tmp_path, put_into(COPIES, body))
    found = []
    for activation in program.program.solver.activations:
        for step in program.program.outline(activation).steps.values():
            if program.is_at(Site(activation.path, step.at), "a"):
                lost = program.program.updates.lost_change(step, activation)
                found += [lost.element] if lost is not None else []
    assert found == ([element] if element is not None else [])
