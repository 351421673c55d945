"""What becomes of a pool: each answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

PROGRAM = """
import contextlib
import logging
import time
from concurrent.futures import ProcessPoolExecutor

def work(number):
    return number + 1

def tell():
    print("handed over")

def pause():
    time.sleep(3)

def main(numbers):
    BODY

if __name__ == "__main__":
    main([1, 2])
"""


@pytest.mark.parametrize(
    ("body", "is_killed"),
    [
        ("with mp.Pool() as pool:\n    pool.apply_async(work, (1,))  # here", True),
        ("pool = mp.Pool()\nwith pool:\n    pool.map_async(work, numbers)  # here", True),
        (
            "with mp.Pool() as pool:\n"
            "    for n in numbers:\n"
            "        pool.apply_async(work, (n,))  # here\n"
            "    pool.close()\n"
            "    logging.info('done'), tell(), ''.join([])",
            True,
        ),
        ("with mp.Pool() as pool:\n    pool.imap(work, numbers)  # here\ntime.sleep(1)", True),
        ("pool = mp.Pool()\npool.apply_async(work, (1,))  # here", True),
        ("pool = mp.Pool()\npool.apply_async(work, (1,))  # here\npool.close()", True),
        (
            "with contextlib.closing(mp.Pool()) as pool:\n    pool.apply_async(work, (1,))  # here",
            True,
        ),
        ("with mp.Pool() as pool:\n    pool.apply_async(work, (1,))  # here\n    pause()", False),
        (
            "with mp.Pool() as pool:\n"
            "    pool.apply_async(work, (1,))  # here\n"
            "    toolbox.pause()",
            False,
        ),
        (
            "with mp.Pool() as pool:\n"
            "    pool.apply_async(work, (1,))  # here\n"
            "    pool.close()\n"
            "    pool.join()",
            False,
        ),
        ("with mp.Pool() as pool:\n    pool.apply_async(work, (1,)).get()  # here", False),
        (
            "with mp.Pool() as pool:\n"
            "    result = pool.apply_async(work, (1,))  # here\n"
            "    while not result.ready():\n"
            "        pass",
            False,
        ),
        ("pool = mp.Pool()\npool.apply_async(work, (1,))  # here\npool.join()", False),
        ("pool = mp.Pool()\npool.apply_async(work, (1,))  # here\nreturn pool", True),
        ("pool = mp.Pool()\npool.apply_async(work, (1,))  # here\ntoolbox.use(pool)", False),
        ("with ProcessPoolExecutor() as pool:\n    pool.submit(work, 1)  # here", False),
        ("with mp.pool.ThreadPool() as pool:\n    pool.apply_async(work, (1,))  # here", False),
    ],
)
def test_tasks_that_are_killed(tmp_path: Path, body: str, is_killed: bool) -> None:
    program = small(tmp_path, put_into(PROGRAM, body))
    task = next(o for o in program.operations("here") if o.does == "call-later")
    killed = program.program.pools.killed(task)
    assert (killed is not None) is is_killed
    if killed is not None:
        assert killed.leaves_with == ("with mp" in body or "with pool" in body)
        assert ("`with`" in killed.why) == killed.leaves_with


def test_a_program_of_which_the_end_is_not_seen(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        def start():
            pool = mp.Pool()
            pool.apply_async(print, (1,))  # here
        """,
    )
    assert program.program.pools.killed(program.operation("here")) is None


WITH = "with mp.Pool() as pool:\n    result = pool.apply_async(work, (1,))  # task\n"
ITERATED = "with mp.Pool() as pool:\n    found = pool.imap(work, numbers)  # task\n"


@pytest.mark.parametrize(
    ("body", "returned"),
    [
        (WITH + "result.get()", False),
        (WITH + "print([r.get() for r in [result]])", False),
        (ITERATED + "for one in found: pass", False),
        (ITERATED + "print(list(found), next(found))", False),
        (ITERATED + "print([one for one in found])", False),
        (WITH + "    return result", True),
        ("with mp.Pool() as pool:\n    return pool.imap(work, numbers)  # task", True),
        (WITH + "    result.get()", None),
        (WITH + "    result.wait()\nresult.get()", None),
        (WITH + "    toolbox.pause()\nresult.get()", None),
        (WITH + "result.get(3)", None),
        (WITH + "result.ready()", None),
        (ITERATED + "    yield from found", None),
        ("with ProcessPoolExecutor() as p:\n    found = p.map(work, numbers)  # task", None),
        ("pool = mp.Pool()\nresult = pool.apply_async(work, (1,))  # task\nresult.get()", None),
    ],
)
def test_results_that_are_read_too_late(tmp_path: Path, body: str, returned: bool | None) -> None:
    program = small(tmp_path, put_into(PROGRAM, body))
    task = next(o for o in program.operations("task") if o.does == "call-later")
    late = program.program.pools.late(task)
    assert (late.returned if late is not None else None) is returned


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("pool = mp.Pool()\npool.join()  # here", "ValueError"),
        ("pool = mp.Pool()\npool.close()\npool.map(work, [1])  # here", "ValueError"),
        ("pool = mp.Pool()\npool.terminate()\npool.apply(work, (1,))  # here", "ValueError"),
        ("with mp.Pool() as pool:\n    pass\npool.map(work, [1])  # here", "ValueError"),
        (
            "with ProcessPoolExecutor() as pool:\n    pass\npool.submit(work, 1)  # here",
            "RuntimeError",
        ),
        (
            "pool = ProcessPoolExecutor()\npool.shutdown()\npool.map(work, [1])  # here",
            "RuntimeError",
        ),
        ("pool = mp.Pool()\npool.close()\npool.join()  # here", None),
        ("pool = mp.Pool()\npool.terminate()\npool.join()  # here", None),
        ("pool = mp.Pool()\nif numbers:\n    pool.close()\npool.map(work, [1])  # here", None),
        ("pool = toolbox.pool()\npool.close()\npool.map(work, [1])  # here", None),
        (
            "pool = mp.Pool()\npool.close()\ntry:\n    pool.map(work, [1])  # here\n"
            "except ValueError:\n    pass",
            None,
        ),
        (
            "pool = mp.Pool()\npool.close()\nwith contextlib.suppress(ValueError):\n"
            "    pool.map(work, [1])  # here",
            None,
        ),
        (
            "pool = mp.Pool()\npool.close()\nwith toolbox.raises(ValueError):\n"
            "    pool.map(work, [1])  # here",
            None,
        ),
        ("pool = mp.pool.ThreadPool()\npool.close()\npool.map(work, [1])  # here", None),
    ],
)
def test_what_a_pool_cannot_do_in_its_state(tmp_path: Path, body: str, error: str | None) -> None:
    program = small(tmp_path, put_into(PROGRAM, body))
    found = {program.program.pools.wrong_state(o) for o in program.operations("here")}
    assert {wrong.error if wrong else None for wrong in found} <= {error}
    assert found or error is None
