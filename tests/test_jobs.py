"""What runs in the processes of a pool: each answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

TASKS = """
from concurrent.futures import ProcessPoolExecutor
from functools import partial

def plain(number):
    return number + 1

def leaves(number):
    if number:
        sys.exit(1)

def dies(number):
    helper(number)

def helper(number):
    os._exit(number)

def careful(number):
    try:
        leaves(number)
    except SystemExit:
        return None

def raises(number):
    if number > 9:
        raise ValueError(number)

def last(number):
    try:
        raises(number)
    except ValueError:
        raise SystemExit(1)

def first(number):
    try:
        leaves(number)
    except ValueError:
        return None

@toolbox.guarded
def decorated(number):
    sys.exit(1)

def asks(number):
    return check() + number

def check():
    if not sys.argv:
        sys.exit(1)

def main(numbers):
    pool = mp.Pool(2)
    BODY
"""


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("pool.map(leaves, numbers)  # here", "leaves"),
        ("pool.apply(dies, (1,))  # here", "dies"),
        ("pool.apply(partial(dies, 1))  # here", "dies"),
        ("print(pool.apply_async(leaves, (1,)).get())  # here", "leaves"),
        ("pool.apply_async(leaves, (1,))  # here\npool.join()", "leaves"),
        ("list(pool.imap(leaves, numbers))  # here", "leaves"),
        ("pool.map(last, numbers)  # here", "last"),
        ("pool.map(last, range(3))  # here", None),
        ("some = range(3)\nsome = toolbox.some\npool.map(last, some)  # here", "last"),
        ("some = range(3)\npool.map(last, some)  # here", None),
        ("pool.map(leaves, range(3))  # here", "leaves"),
        ("pool.map(first, range(3))  # here", "first"),
        ("pool.map(plain, numbers)  # here", None),
        ("pool.map(careful, numbers)  # here", None),
        ("pool.map(decorated, numbers)  # here", None),
        ("pool.map(toolbox.leaves, numbers)  # here", None),
        ("pool.apply_async(leaves, (1,))  # here", None),
        ("result = pool.apply_async(leaves, (1,))  # here\nresult.get(3)", None),
        ("list(ProcessPoolExecutor().map(leaves, numbers))  # here", None),
        ("mp.pool.ThreadPool().map(leaves, numbers)  # here", None),
        ("pool.map(asks, numbers)  # here", "asks"),
        ("check()\npool.map(asks, numbers)  # here", None),
        ("pool.map(asks, numbers)  # here\ncheck()", "asks"),
        ("leaves(0)\npool.map(leaves, numbers)  # here", "leaves"),
    ],
)
def test_tasks_that_end_their_process(tmp_path: Path, body: str, name: str | None) -> None:
    program = small(tmp_path, put_into(TASKS, body))
    found = {program.program.jobs.exit(task) for task in program.operations("here")} - {None}
    assert {exit_.name for exit_ in found if exit_} == ({name} if name else set())


@pytest.mark.parametrize(
    ("body", "pool", "error"),
    [
        ("open(sys.argv[1])", "mp.Pool(2, prepare)", "OSError"),
        ("int(os.environ['LIMIT'])", "mp.Pool(initializer=prepare)", "ValueError"),
        ("raise LookupError(3)", "mp.Pool(2, prepare)", None),  # as an unknown key, which is rare
        ("raise toolbox.NotReady()", "mp.Pool(2, prepare)", "NotReady"),
        ("sys.exit(3)", "mp.Pool(2, functools.partial(prepare))", "SystemExit"),
        ("toolbox.load()", "mp.Pool(2, prepare)", None),
        ("int(limit)", "mp.Pool(2, prepare)", None),
        ("limit = 'many'\nint(limit)", "mp.Pool(2, prepare)", "ValueError"),
        ("assert sys.argv", "mp.Pool(2, prepare)", None),
        ("pass", "mp.Pool(2, prepare)", None),
        ("while True:\n    job = jobs.get()\n    job()", "mp.Pool(2, prepare)", "an error"),
        ("job = jobs.get()\njob()", "mp.Pool(2, prepare)", None),
        ("try:\n    open('a')\nexcept OSError:\n    pass", "mp.Pool(2, prepare)", None),
        ("open('a')", "mp.pool.ThreadPool(2, prepare)", None),
        ("open('a')", "ProcessPoolExecutor(initializer=prepare)", None),
        ("open('a')", "mp.Pool(2)", None),
    ],
)
def test_initializers_that_fail(tmp_path: Path, body: str, pool: str, error: str | None) -> None:
    program = small(
        tmp_path,
        put_into(
            "from concurrent.futures import ProcessPoolExecutor\n\n"
            f"jobs = mp.Queue()\n\ndef prepare():\n    BODY\n\npool = {pool}  # here",
            body,
        ),
    )
    found = [program.program.jobs.unprepared(made) for made in program.made("here")]
    assert {one.error for one in found if one} == ({error} if error else set())


@pytest.mark.parametrize(
    ("start", "is_own"),
    [
        ("shared = ProcessPoolExecutor()\nshared.submit(task)", True),
        ("shared = mp.Pool()\nshared.apply(task)", True),
        ("shared = ProcessPoolExecutor()\ntask()", False),
        ("shared = ThreadPoolExecutor()\nshared.submit(task)", False),
        ("shared = ProcessPoolExecutor()\nmp.Process(target=task).start()", False),
        ("shared = toolbox.shared\nshared.submit(task)", False),
    ],
)
def test_tasks_that_use_their_own_pool(tmp_path: Path, start: str, is_own: bool) -> None:
    program = small(
        tmp_path,
        f"""
        from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

        def task():
            return helper(print)

        def helper(function):
            if hasattr(shared, "submit"):
                return shared.submit(function)  # here
            return shared.apply(function)  # here too

        {start.replace(chr(10), chr(10) + "        ")}
        """,
    )
    tasks = program.operations("here") + program.operations("here too")
    found = [stuck for task in tasks if (stuck := program.program.jobs.own_pool(task))]
    assert bool(found) is is_own
    if found:
        assert found[0].name == "task"
        assert "value" in found[0].effect or "forked" in found[0].effect


@pytest.mark.parametrize(
    ("body", "wait"),
    [
        ("pool.apply(print)", "pool.apply()"),
        ("pool.map(print, [value])", "pool.map()"),
        ("other.get()", "other.get()"),
        ("pool.join()", "pool.join()"),
        ("helper()", "pool.join()"),
        ("other.get(timeout=3)", None),
        ("pool.apply_async(print)", None),
        ("another.apply(print)", None),
        ("print(value)", None),
        ("toolbox.use(value)", None),
    ],
)
@pytest.mark.parametrize("name", ["callback", "error_callback"])
def test_callbacks_that_wait(tmp_path: Path, body: str, wait: str | None, name: str) -> None:
    program = small(
        tmp_path,
        f"""
        def main():
            pool, another = mp.Pool(), mp.Pool()
            other = pool.apply_async(print)

            def helper():
                pool.close()
                pool.join()

            def told(value):
                {body}

            pool.apply_async(print, {name}=told)  # here
        """,
    )
    found = [program.program.jobs.blocking_callback(task) for task in program.operations("here")]
    assert {stuck.wait.text for stuck in found if stuck} == ({wait} if wait else set())
