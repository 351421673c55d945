"""How a pool is used: each answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

PROGRAM = """
import itertools
import multiprocessing.pool
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

def work(number):
    return number + 1

def endless():
    number = 0
    while True:
        number += 1
        yield number

def ending():
    while True:
        if toolbox.over():
            return
        yield 1

def forever():
    for number in itertools.count():
        yield number

def main(numbers):
    pool = mp.Pool(2)
    executor = ProcessPoolExecutor(2)
    BODY
"""


@pytest.mark.parametrize(
    ("body", "is_serial"),
    [
        ("for n in numbers:\n    pool.apply(work, (n,))  # here", True),
        ("for n in numbers:\n    print(pool.apply_async(work, (n,)).get())  # here", True),
        ("for n in numbers:\n    executor.submit(work, n).result()  # here", True),
        ("[pool.apply(work, (n,)) for n in numbers]  # here", True),
        ("for n in numbers:\n    r = executor.submit(work, n)\n    r.result()  # here", True),
        ("for n in numbers:\n    while not pool.apply(work, (n,)):  # here\n        pass", False),
        ("pool.apply(work, (1,))  # here", False),
        ("while numbers:\n    pool.apply(work, (numbers.pop(),))  # here", False),
        ("(pool.apply(work, (n,)) for n in numbers)  # here", False),
        ("for n in numbers:\n    executor.submit(work, n).result(3)  # here", False),
        ("for n in numbers:\n    if pool.apply(work, (n,)):  # here\n        break", False),
        ("m = 0\nfor n in numbers:\n    m = pool.apply(work, (m,))  # here", False),
        ("for n in numbers:\n    yield pool.apply(work, (n,))  # here", False),
        (
            "for n in numbers:\n"
            "    r = pool.apply_async(work, (n,))\n"
            "    pool.apply(work, (n,))  # here\n"
            "    r.get()",
            False,
        ),
        ("for n in numbers:\n    mp.Pool(1).apply(work, (n,))  # here", False),
        ("for n in numbers:\n    mp.Pool(2, maxtasksperchild=1).apply(work, (n,))  # here", False),
        ("for n in numbers:\n    ThreadPoolExecutor().submit(work, n).result()  # here", False),
    ],
)
def test_one_task_at_a_time(tmp_path: Path, body: str, is_serial: bool) -> None:
    program = small(tmp_path, put_into(PROGRAM, body))
    found = [program.program.pool_use.serial(o) for o in program.operations("here")]
    assert any(found) is is_serial


@pytest.mark.parametrize(
    ("call", "is_endless"),
    [
        ("pool.map(work, itertools.count())", True),
        ("pool.map_async(work, itertools.cycle(numbers))", True),
        ("pool.starmap(work, zip(itertools.count(), itertools.repeat(1)))", True),
        ("pool.map(work, (n for n in itertools.count()))", True),
        ("pool.map(work, enumerate(endless()))", True),
        ("pool.map(work, forever())", True),
        ("executor.map(work, itertools.count())", True),
        ("executor.map(work, itertools.count(), endless())", True),
        ("pool.imap(work, itertools.count())", False),
        ("pool.map(work, zip(itertools.count(), numbers))", False),
        ("pool.map(work, itertools.repeat(1, 3))", False),
        ("pool.map(work, itertools.islice(itertools.count(), 3))", False),
        ("pool.map(work, ending())", False),
        ("pool.map(work, numbers)", False),
        ("executor.map(work, itertools.count(), numbers)", False),
        ("executor.map(work, itertools.count(), buffersize=3)", False),
        ("executor.map(work, *numbers)", False),
        ("ThreadPoolExecutor().map(work, itertools.count())", False),
    ],
)
def test_input_without_end(tmp_path: Path, call: str, is_endless: bool) -> None:
    program = small(tmp_path, put_into(PROGRAM, f"{call}  # here"))
    found = [program.program.pool_use.endless(task) for task in program.operations("here")]
    assert any(found) is is_endless


def test_input_without_end_by_a_name(tmp_path: Path) -> None:
    body = "inputs = itertools.count()\npool.map(work, inputs)  # here"
    program = small(tmp_path, put_into(PROGRAM, body))
    assert program.program.pool_use.endless(program.operation("here")) is not None


@pytest.mark.parametrize(
    ("pool", "name"),
    [
        ("mp.Pool()", "work"),
        ("mp.get_context('fork').Pool()", "work"),
        ("mp.get_context('spawn').Pool()", None),
        ("concurrent.futures.ProcessPoolExecutor()", None),
        ("multiprocessing.pool.ThreadPool()", None),
        ("toolbox.pool()", None),
    ],
)
def test_pools_that_are_made_too_early(tmp_path: Path, pool: str, name: str | None) -> None:
    program = small(
        tmp_path,
        f"""
        import concurrent.futures
        import multiprocessing.pool

        def known(number):
            return number

        if __name__ == "__main__":
            pool = {pool}  # here
            pool.map(known, [1])

        def work(number):
            return number

        if __name__ == "__main__":
            pool.map(work, [1])
        """,
    )
    found = [program.program.pool_use.too_early(made) for made in program.made("here")]
    assert {early.name for early in found if early} == ({name} if name else set())


@pytest.mark.parametrize(
    ("given", "methods"),
    [
        ("mp_context=mp.get_context('fork'), max_tasks_per_child=3", 3),
        ("mp_context=mp.get_context(), max_tasks_per_child=3", 1),
        ("mp_context=mp.get_context('spawn'), max_tasks_per_child=3", 0),
        ("mp_context=mp.get_context('fork'), max_tasks_per_child=None", 0),
        ("mp_context=toolbox.context, max_tasks_per_child=3", 0),
        ("mp_context=mp.get_context('fork')", 0),
        ("max_tasks_per_child=3", 0),
    ],
)
def test_executors_that_cannot_be_made(tmp_path: Path, given: str, methods: int) -> None:
    program = small(
        tmp_path,
        f"from concurrent.futures import ProcessPoolExecutor as E\nexecutor = E({given})  # here",
    )
    (made,) = (made for made in program.made("here") if made.kind.role == "executor")
    assert len(program.program.pool_use.limited_by_fork(made)) == methods


@pytest.mark.parametrize(
    ("pool", "handler", "final", "hangs"),
    [
        ("mp.Pool()", "pass", "pool.close()", True),
        ("mp.Pool()", "print('interrupted')", "pool.close()", True),
        ("mp.Pool()", "pool.terminate()", "pool.close()", False),
        ("mp.Pool()", "pass", "pool.terminate()", False),
        ("mp.Pool(2, print)", "pass", "pool.close()", False),
        ("multiprocessing.pool.ThreadPool()", "pass", "pool.close()", False),
    ],
)
def test_joins_after_an_interrupt(
    tmp_path: Path, pool: str, handler: str, final: str, hangs: bool
) -> None:
    program = small(
        tmp_path,
        f"""
        import multiprocessing.pool

        pool = {pool}
        try:
            pool.map(print, [1])
        except KeyboardInterrupt:
            {handler}
        finally:
            {final}
            pool.join()  # here
        pool.join()  # outside
        """,
    )
    use = program.program.pool_use
    assert (use.joins_after_interrupt(program.operation("here")) is not None) is hangs
    assert use.joins_after_interrupt(program.operation("outside")) is None
