"""Who reads the result of a task: each answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

PROGRAM = """
import asyncio
import concurrent.futures
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed, wait

def work(text):
    return int(text)

def safe(text):
    try:
        return int(text)
    except Exception:
        return 0

def keep(result):
    toolbox.keep(result)

def main(text, texts):
    pool = mp.Pool(2)
    executor = ProcessPoolExecutor(2)
    BODY

main(sys.argv[1], sys.argv)
"""


@pytest.mark.parametrize(
    ("body", "fate"),
    [
        ("pool.apply_async(work, (text,))  # here", "dropped"),
        ("result = pool.apply_async(work, (text,))  # here", "dropped"),
        ("result = pool.map_async(work, texts)  # here\nprint(result)\ndel result", "dropped"),
        ("executor.map(work, texts)  # here", "dropped"),
        ("[executor.submit(work, text) for text in texts]  # here", "dropped"),
        ("futures = [executor.submit(work, text)]  # here\nprint(len(futures))", "dropped"),
        ("result = pool.apply_async(work, (text,))  # here\nresult.wait()", "waited"),
        ("futures = [executor.submit(work, text)]  # here\nwait(futures)", "waited"),
        ("future = executor.submit(work, text)  # here\nwait([future])", "waited"),
        (
            "futures = []\n"
            "for text in texts:\n"
            "    futures.append(executor.submit(work, text))  # here\n"
            "for future in as_completed(futures):\n"
            "    print('one more')",
            "waited",
        ),
        ("print(pool.apply_async(work, (text,)).get())  # here", "read"),
        ("result = pool.apply_async(work, (text,))  # here\nresult.get()", "read"),
        ("result = pool.apply_async(work, (text,))  # here\nkeep(result)", "read"),
        ("result = pool.apply_async(work, (text,))  # here\nreturn result", "read"),
        ("futures = {executor.submit(work, text): text}  # here", "read"),
        ("futures = [executor.submit(work, text)]  # here\ndone, rest = wait(futures)", "read"),
        ("results = executor.map(work, texts)  # here\nfor _ in results: pass", "read"),
        ("results = executor.map(work, texts)  # here\nprint(sum(results))", "read"),
        ("result = pool.apply_async(work, (text,))  # here\nlambda: result.get()", "read"),
        (
            "results = toolbox.results\nresults.append(pool.apply_async(work, (text,)))  # here",
            "read",
        ),
        ("global result\nresult = pool.apply_async(work, (text,))  # here", "read"),
    ],
)
def test_what_becomes_of_a_result(tmp_path: Path, body: str, fate: str) -> None:
    program = small(tmp_path, put_into(PROGRAM, body))
    task = next(o for o in program.operations("here") if o.does == "call-later")
    assert task.call is not None
    assert program.program.results.fate(task.activation, task.call) == fate
    assert (program.program.results.dropped(task) is None) is (fate == "read")


@pytest.mark.parametrize(
    ("body", "is_lost"),
    [
        ("pool.apply_async(work, (text,))  # here", True),
        ("pool.apply_async(os.remove, (text,))  # here", True),
        ("pool.apply_async(toolbox.convert, (text,))  # here", True),
        ("pool.apply_async(functools.partial(work, text))  # here", True),
        ("pool.apply_async(work, (text,), callback=print)  # here", True),
        ("pool.apply_async(safe, (text,))  # here", False),
        ("pool.apply_async(os.getpid)  # here", False),
        ("pool.apply_async(text, ())  # here", False),
        ("pool.apply_async(work, (text,), error_callback=print)  # here", False),
        ("pool.apply_async(work, **toolbox.more)  # here", False),
        ("ThreadPoolExecutor().submit(work, text)  # here", False),
        ("mp.pool.ThreadPool().apply_async(work, (text,))  # here", False),
        ("(pool if text else toolbox.pool).apply_async(work, (text,))  # here", False),
        ("with toolbox.raises(ValueError):\n    pool.apply_async(work, (text,))  # here", False),
        ("asyncio.get_event_loop().run_in_executor(executor, work, text)  # here", False),
    ],
)
def test_whether_errors_are_lost(tmp_path: Path, body: str, is_lost: bool) -> None:
    program = small(tmp_path, put_into(PROGRAM, body))
    for task in program.operations("here"):
        if task.does == "call-later":
            assert (program.program.results.dropped(task) is not None) is is_lost


def test_what_is_said_of_a_lost_error(tmp_path: Path) -> None:
    program = small(
        tmp_path, put_into(PROGRAM, "pool.apply_async(work, (text,), callback=print)  # here")
    )
    dropped = program.program.results.dropped(program.operation("here"))
    assert dropped is not None
    assert (dropped.name, dropped.failure is not None) == ("work", True)
    assert "callback" in dropped.lost
