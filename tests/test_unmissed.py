"""Workers between two queues, whose failure nobody misses."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from small import small

PROGRAM = """
    def work(jobs, results, other):
        for item in iter(jobs.get, None):
            results.put(toolbox.compute(item))

    def collect(results):
        while True:
            item = results.get()
            if item is None:
                break
            print(item)

    def main(items):
        jobs, results, other = mp.Queue(), mp.Queue(), mp.Queue()
        collector = mp.Process(target=collect, args=(results,))
        collector.start()
        workers = [mp.Process(target=work, args=(jobs, results, other)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for item in items:
            jobs.put(item)
        for _ in range(2):
            jobs.put(None)
        for worker in workers:
            worker.join()  # join
        results.put(None)
        collector.join()

    def later():
        raise ValueError

    main(toolbox.items())
    """


def is_found(folder: Path, old: str = "", new: str = "") -> bool:
    assert old in PROGRAM
    program = small(folder, PROGRAM.replace(old, new) if old else PROGRAM)
    return any(program.program.joining.unnoticed(join) for join in program.operations("join"))


def test_an_item_is_lost(tmp_path: Path) -> None:
    assert is_found(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("for item in iter", "threading.Event().set()\n        for item in iter"),
        ("toolbox.compute(item)", "int(item)"),
    ],
)
def test_what_does_not_tell(tmp_path: Path, old: str, new: str) -> None:
    assert is_found(tmp_path, old, new)


@pytest.mark.parametrize(
    "end",
    ["(None, None)", "[None, None]", "(None, 'end')", "(0, None)", "()", "END", "(None, later())"],
)
def test_one_part_tells_the_end(tmp_path: Path, end: str) -> None:
    parts = PROGRAM.replace("item = results.get()", "item, rest = results.get()")
    parts = parts.replace(
        "results.put(toolbox.compute(item))", "results.put((item, toolbox.go(item)))"
    )
    parts = "END = (None, None)\n" + dedent(
        parts.replace("results.put(None)", f"results.put({end})")
    )
    program = small(tmp_path, parts)
    found = [program.program.joining.unnoticed(join) for join in program.operations("join")]
    assert any(found) is (end in ("(None, None)", "[None, None]"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # it cannot fail, or goes on, or sends something as well
        ("toolbox.compute(item)", "item"),
        ("iter(jobs.get, None):", "iter(jobs.get, None):\n            print()\n        if 0:"),
        (
            "            results.put(toolbox.compute(item))",
            "            try:\n                results.put(toolbox.compute(item))\n"
            "            except Exception:\n                print(item)",
        ),
        (
            "            results.put(toolbox.compute(item))",
            "            try:\n                item = toolbox.compute(item)\n"
            "            finally:\n                results.put(item)",
        ),
        # it is meant to end, or a machine's failure
        (
            "results.put(toolbox.compute(item))",
            "if not item: sys.exit(1)\n            results.put(1)",
        ),
        (
            "results.put(toolbox.compute(item))",
            "if not item: raise OSError\n            results.put(1)",
        ),
        # it has to do with others
        ("compute(item))", "compute(item))\n            queue.Queue().put(1)"),
        ("iter(jobs.get", "iter((jobs if toolbox.more() else toolbox.jobs).get"),
        ("results.put(toolbox.compute(item))", "results.put(other.get(toolbox.compute(item)))"),
        ("results.put(toolbox", "other.put(1); results.put(toolbox"),
        ("for item in iter", "mp.Event().set()\n        for item in iter"),
        ("def work(jobs, results, other):", "def work(jobs, results, other):\n        jobs.get()"),
        # who takes the results waits for all of them, or is told by a worker
        ("while True:\n            item", "for _ in range(9):\n            item"),
        ("        results.put(None)\n        collector", "        collector"),
        ("results.put(None)\n", "results.put((None,))\n"),
        (
            "            results.put(toolbox.compute(item))",
            "            results.put(toolbox.compute(item))\n        results.put(None)",
        ),
        # somebody looks, or may
        ("worker.join()  # join", "worker.join()  # join\n            print(worker.exitcode)"),
        ("collector.join()", "collector.join()\n        toolbox.use(jobs)"),
        ("collector.join()", "collector.join()\n        toolbox.use(results)"),
    ],
)
def test_nothing_is_lost_unseen(tmp_path: Path, old: str, new: str) -> None:
    assert not is_found(tmp_path, old, new)


@pytest.mark.parametrize("event", ["mp.Event()", "mp.Manager().Event()"])
def test_somebody_else_is_told(tmp_path: Path, event: str) -> None:
    told = PROGRAM.replace("for item in iter", "other.set()\n        for item in iter")
    told = told.replace("mp.Queue(), mp.Queue(), mp.Queue()", f"mp.Queue(), mp.Queue(), {event}")
    program = small(tmp_path, told)
    assert not any(program.program.joining.unnoticed(join) for join in program.operations("join"))
