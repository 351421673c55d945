"""Which locks are held where, and whether they are released."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

KEPT = """
lock = mp.Lock()
value = mp.Value("i", 0)

def take_back():
    PAIRED

def work(flag, text, shared=None):
    BODY

if __name__ == "__main__":
    mp.Process(target=work, args=(toolbox.flag, toolbox.text)).start()
"""


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("lock.acquire()  # a\ntoolbox.run()\nlock.release()", "any error is raised"),
        ("lock.acquire()  # a\nprint(int('x'))\nlock.release()", "`ValueError` is raised"),
        ("lock.acquire()  # a\nprint(1)\nlock.release()", None),
        ("lock.acquire()  # a\ntry:\n    toolbox.run()\nfinally:\n    lock.release()", None),
        ("lock.acquire()  # a\nif flag:\n    return\nlock.release()", "the function returns"),
        ("lock.acquire()  # a\nif flag:\n    lock.release()", "another branch is taken"),
        (
            "for _ in text:\n    lock.acquire()  # a\n    if flag:\n        continue\n"
            "    lock.release()",
            "the loop goes on to its next turn",
        ),
        (
            "while True:\n    lock.acquire()  # a\n    if flag:\n        continue\n"
            "    lock.release()",
            "the loop goes on to its next turn",
        ),
        ("if flag:\n    lock.acquire()  # a\nprint(1)\nif flag:\n    lock.release()", None),
        ("lock.acquire()  # a", None),
        ("lock.acquire()  # a\ntoolbox.run(lock)\nif flag:\n    lock.release()", None),
        ("if lock.acquire(timeout=1):  # a\n    print(1)\n    lock.release()", None),
        (
            "if lock.acquire(timeout=1):  # a\n    toolbox.run()\n    lock.release()",
            "any error is raised",
        ),
        ("lock.acquire(timeout=1)  # a\ntoolbox.run()\nlock.release()", None),
        (
            "value.get_lock().acquire()  # a\ntoolbox.run()\nvalue.get_lock().release()",
            "any error is raised",
        ),
        ("value.acquire()  # a\ntoolbox.run()\nvalue.get_lock().release()", "any error is raised"),
        ("inner = threading.Lock()\ninner.acquire()  # a\ntoolbox.run()\ninner.release()", None),
        (
            "inner = mp.Manager().Lock()\ninner.acquire()  # a\ntoolbox.run()\ninner.release()",
            "any error is raised",
        ),
    ],
)
def test_a_lock_that_is_kept(tmp_path: Path, body: str, how: str | None) -> None:
    program = small(tmp_path, put_into(KEPT, body).replace("PAIRED", "pass"))
    kept = program.program.locks.kept(program.operations("a")[0])
    assert (kept.how if kept is not None else None) == how


def test_a_lock_that_another_function_releases_is_handed_over(tmp_path: Path) -> None:
    body = "lock.acquire()  # a\nif flag:\n    return\nlock.release()"
    program = small(tmp_path, put_into(KEPT, body).replace("PAIRED", "lock.release()"))
    assert program.program.locks.kept(program.operations("a")[0]) is None
