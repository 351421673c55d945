"""Which locks are held where, and whether they are released."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import libcst as cst
import pytest
from small import Small, put_into, small

from mplint.model.nouns import Operation
from mplint.model.sharing.held import MAX_HELD

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
        (
            "try:\n    lock.acquire()  # a\n    toolbox.run()\n    lock.release()\n"
            "except Exception:\n    pass",
            "an error is raised",
        ),
        (
            "got = False\nif lock.acquire(False):  # a\n    got = True\nprint(1)\n"
            "if got:\n    lock.release()",
            None,
        ),
        (
            "got = False\nif lock.acquire(False):  # a\n    got = flag\nprint(1)\n"
            "if got:\n    lock.release()",
            "another branch is taken",
        ),
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


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("mine.acquire()  # a\nprint(1)\nmine.release()", None),
        ("mine.acquire()  # a\ntoolbox.run()\nmine.release()", "any error is raised"),
        ("mine.acquire()  # a\nif flag:\n    mine.release()", "another branch is taken"),
        (
            "mine.acquire()  # a\nprint(1)\n(mine if flag else lock).release()",
            "another branch is taken",
        ),
    ],
)
def test_a_lock_of_each_call(tmp_path: Path, body: str, how: str | None) -> None:
    """Of what one expression makes in several calls, a path has to do with one."""
    source = """
        lock = mp.Lock()

        def work(mine, flag):
            BODY

        def begin(flag):
            mine = mp.Lock()
            mp.Process(target=work, args=(mine, flag)).start()

        begin(toolbox.flag)
        begin(True)
    """
    program = small(tmp_path, put_into(source, body))
    found = [program.program.locks.kept(acquire) for acquire in program.operations("a")]
    assert {kept.how if kept is not None else None for kept in found} == {how}


def test_where_an_error_comes_in_that_is_caught(tmp_path: Path) -> None:
    body = "try:\n    lock.acquire()  # a\n    toolbox.run()  # b\n    lock.release()\n"
    body += "except Exception:\n    pass"
    program = small(tmp_path, put_into(KEPT, body).replace("PAIRED", "pass"))
    kept = program.program.locks.kept(program.operations("a")[0])
    assert kept is not None
    assert kept.at is not None
    assert program.is_at(kept.at, "b")


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


NESTED = """
lock = mp.Lock()
other = mp.Lock()
again = mp.RLock()
plain = mp.Value("i", 0, lock=lock)
value = mp.Value("i", 0)
many = [mp.Lock() for _ in range(3)]
queue_ = mp.Queue()

def helper(flag=True):
    with lock:
        pass

def optional(flag=True):
    if flag:
        with lock:
            pass

def work(flag, index):
    BODY

def main():
    p = mp.Process(target=work, args=(toolbox.flag, 1))
    p.start()
    MAIN

if __name__ == "__main__":
    main()
"""


def _acquire(program: Small, mark: str) -> Operation:
    return next(o for o in program.operations(mark) if o.does == "acquire")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("with lock:  # a\n    with lock:\n        pass", True),
        ("with lock:  # a\n    helper()", True),
        ("lock.acquire()  # a\nhelper()\nlock.release()", True),
        ("lock.acquire()  # a\nlock.release()\nhelper()", False),
        ("with lock:  # a\n    optional()", False),
        ("with lock:  # a\n    pass\nhelper()", False),
        ("with lock:  # a\n    lock.acquire(timeout=1)", False),
        ("with lock:  # a\n    with other:\n        pass", False),
        ("with again:  # a\n    with again:\n        pass", False),
        ("with many[0]:  # a\n    with many[index]:\n        pass", False),
        ("with plain.get_lock():  # a\n    plain.value += 1", True),
        ("with value.get_lock():  # a\n    value.value += 1", False),
        ("own = threading.Lock()\nwith own:  # a\n    with own:\n        pass", False),
    ],
)
def test_locks_that_are_taken_twice(tmp_path: Path, body: str, found: bool) -> None:
    program = small(tmp_path, put_into(NESTED, body).replace("MAIN", "pass"))
    twice = program.program.locks.taken_twice(_acquire(program, "a"))
    assert (twice is not None) is found


@pytest.mark.parametrize(
    ("body", "start", "found"),
    [
        ("helper()", "with lock:  # a\n    p.join()", True),
        ("helper()", "with lock:  # a\n    p.join(1)", False),
        ("helper()", "with lock:  # a\n    p.terminate()\n    p.join()", False),
        ("helper()", "with lock:  # a\n    p.join()\n    p.terminate()", True),
        ("helper()", "with lock:  # a\n    pass\np.join()", False),
        ("helper()", "with other:  # a\n    p.join()", False),
        ("lock.acquire(timeout=1)", "with lock:  # a\n    p.join()", False),
        ("with lock:\n    queue_.put(1)", "with lock:  # a\n    queue_.get()", True),
        ("with lock:\n    pass\nqueue_.put(1)", "with lock:  # a\n    queue_.get()", False),
        ("with lock:\n    queue_.put(1)", "with lock:  # a\n    queue_.get(timeout=1)", False),
        ("pass", "with lock:  # a\n    mp.Pool(2).map(helper, [1])", True),
        ("pass", "with lock:  # a\n    mp.Pool(2).apply_async(helper).get()", True),
        ("pass", "with lock:  # a\n    mp.Pool(2).apply_async(helper)", False),
    ],
)
def test_waits_while_a_lock_is_held(tmp_path: Path, body: str, start: str, found: bool) -> None:
    source = put_into(put_into(NESTED, body).replace("MAIN", "BODY"), start)
    program = small(tmp_path, source)
    waits = program.program.locks.waits_inside(_acquire(program, "a"))
    assert (waits is not None) is found


ORDERS = """
a, b, gate = mp.Lock(), mp.Lock(), mp.Lock()

def one(flag):
    FIRST

def two(flag):
    SECOND

def main():
    first, second = mp.Process(target=one, args=(1,)), mp.Process(target=two, args=(1,))
    START

if __name__ == "__main__":
    main()
"""
FIRST = "with a:  # a\n    with b:\n        pass"
SECOND = "with b:\n    with a:\n        pass"
EITHER = f"if flag:\n{indent(FIRST, '    ')}\nelse:\n{indent(SECOND, '    ')}"
BOTH = "first.start()\nsecond.start()"


@pytest.mark.parametrize(
    ("first", "second", "start", "found"),
    [
        (FIRST, SECOND, BOTH, True),
        (FIRST, FIRST.replace("  # a", ""), BOTH, False),
        (FIRST, "with b, a:\n    pass", BOTH, True),
        (FIRST, "b.acquire()\na.acquire()\na.release()\nb.release()", BOTH, True),
        (FIRST, "with b:\n    a.acquire(timeout=1)", BOTH, False),
        (FIRST, "with b:\n    pass\nwith a:\n    pass", BOTH, False),
        (FIRST, SECOND, "first.start()\nfirst.join()\nsecond.start()", False),
        (
            "with gate:\n    with a:  # a\n        with b:\n            pass",
            "with gate, b:\n    with a:\n        pass",
            BOTH,
            False,
        ),
        (
            f"if flag:\n{indent(FIRST, '    ')}\nelse:\n{indent(SECOND, '    ')}",
            "pass",
            BOTH,
            False,
        ),
    ],
)
def test_orders_of_two_locks(
    tmp_path: Path, first: str, second: str, start: str, found: bool
) -> None:
    source = ORDERS
    for word, lines in (("FIRST", first), ("SECOND", second), ("START", start)):
        source = put_into(source.replace(word, "BODY"), lines)
    program = small(tmp_path, source)
    opposite = program.program.locks.opposite(_acquire(program, "a"))
    assert (opposite is not None) is found


def test_hundreds_of_locks_that_are_held_at_once(tmp_path: Path) -> None:
    """What is asked about each two of them has an end."""
    many = "".join(f"lock_{n} = mp.Lock()\nlock_{n}.acquire()\n" for n in range(300))
    regions = small(tmp_path, f"import multiprocessing as mp\n\n{many}").program.locks.regions
    found = list(regions.all())
    assert 10 < len(found) < 300
    assert sum(len(region.expressions) for region in found) <= MAX_HELD
