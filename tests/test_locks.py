"""Which locks are held where, and whether they are released."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
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


MISUSED = """
lock = mp.Lock()
again = mp.RLock()
bounded = mp.BoundedSemaphore(2)
counting = mp.Semaphore(0)
fresh = mp.Lock()
signal = mp.Lock()
threads = threading.Lock()
sometimes = mp.Lock() if toolbox.flag else None

def other():
    signal.acquire()

def work(flag, given, maybe=None):
    BODY

def main():
    again.acquire()
    mp.Process(target=work, args=(toolbox.flag, lock)).start()
    mp.Process(target=other).start()

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize(
    ("body", "effect"),
    [
        ("with lock.acquire():  # a\n    pass", "takes the lock and then raises"),
        ("with given.acquire(timeout=1) as got:  # a\n    pass", "takes the lock and then raises"),
        ("with lock:  # a\n    pass", None),
        ("fresh.release()  # a", "nobody acquires"),
        ("bounded.release()  # a", "nobody acquires"),
        ("counting.release()  # a", None),
        ("again.release()  # a", "only by the process that acquires"),
        ("try:\n    fresh.release()  # a\nexcept ValueError:\n    pass", None),
        ("lock.acquire()\nlock.release()\nlock.release()  # a", "released already"),
        ("lock.acquire()\nlock.release()  # a", None),
        ("with lock:\n    lock.release()  # a", "the end of `with` releases again"),
        ("with lock:\n    lock.release()  # a\n    toolbox.run()\n    lock.acquire()", None),
        ("with lock:\n    lock.release()  # a\n    toolbox.run(lock)", None),
        ("lock.acquire()\nlock.release()\nif flag:\n    lock.release()  # a", "released already"),
        ("with lock:\n    pass\nif flag:\n    toolbox.run(lock)\nlock.release()  # a", "released"),
        ("signal.release()\nsignal.release()  # a", None),
        ("with again:\n    again.acquire()\n    again.release()  # a", None),
    ],
)
def test_misused_calls(tmp_path: Path, body: str, effect: str | None) -> None:
    program = small(tmp_path, put_into(MISUSED, body))
    found = [program.program.locks.misused_call(o) for o in program.operations("a")]
    effects = [misuse.effect for misuse in found if misuse is not None]
    assert len(effects) == (effect is not None)
    assert effect is None or effect in effects[0]


@pytest.mark.parametrize(
    ("body", "effect"),
    [
        ("lock.acquire  # a", "does nothing"),
        ("given.release  # a", "does nothing"),
        ("if lock.acquire:  # a\n    pass", "is always true"),
        ("while not lock.acquire:  # a\n    pass", "is always true"),
        ("toolbox.acquire  # a", None),
        ("if lock:  # a\n    pass", "whether the lock is taken or not"),
        ("if given:  # a\n    pass", None),
        ("if maybe:  # a\n    pass", None),
        ("if threads:  # a\n    pass", None),
        ("if sometimes:  # a\n    pass", None),
    ],
)
def test_misused_expressions(tmp_path: Path, body: str, effect: str | None) -> None:
    program = small(tmp_path, put_into(MISUSED, body))
    view = program.view()
    node: cst.BaseExpression = program.node("a", cst.Attribute if "." in body else cst.Name)
    found = view.tested_locks(node) if "pass" in body else view.misused_locks(node)
    assert len(found) == (effect is not None)
    assert effect is None or effect in found[0].effect
