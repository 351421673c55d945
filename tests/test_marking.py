"""Items of a joinable queue that are marked as done too often."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

WORK = """
def done(queue):
    queue.task_done()

def take(queue):
    return queue.get()

def work(jobs, early):
    BODY

jobs = mp.JoinableQueue()
mp.Process(target=work, args=(jobs, toolbox.early())).start()
jobs.put("3")
jobs.join()
"""
GET = "while True:\n    job = jobs.get()\n    "
TRY = "while True:\n    try:\n        job = jobs.get(timeout=1)\n    "


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (GET + "jobs.task_done()  # a", None),
        (GET + "jobs.task_done()\n    jobs.task_done()  # a", "that it has marked"),
        (GET + "done(jobs)\n    jobs.task_done()  # a", "that it has marked"),
        ("while True:\n    job = take(jobs)\n    done(jobs)\n    jobs.task_done()  # a", "that it"),
        (GET + "toolbox.done(jobs)\n    jobs.task_done()\n    jobs.task_done()  # a", None),
        (TRY + "except queue.Empty:\n        pass\n    jobs.task_done()  # a", "without an item"),
        (TRY + "finally:\n        jobs.task_done()  # a", "without an item"),
        (TRY + "except queue.Empty:\n        continue\n    jobs.task_done()  # a", None),
        ("while True:\n    job = None\n" + TRY[12:] + "except queue.Empty:\n        pass\n"
         "    if job is not None:\n        jobs.task_done()  # a", None),
        (GET + "if early:\n        jobs.task_done()\n    if not early:\n"
         "        jobs.task_done()  # a", None),
        (GET + "jobs.task_done()\n    early or jobs.task_done()  # a", None),
        (GET + "jobs.task_done()\n    match early:\n        case True:\n"
         "            jobs.task_done()  # a", None),
        (GET + "if job is None:\n        jobs.task_done()\n    jobs.task_done()  # a", "that it"),
        (GET + "jobs.task_done()\n    for _ in job:\n        jobs.task_done()  # a", None),
        ("for job in iter(jobs.get, None):\n    done(jobs)\n    jobs.task_done()  # a", "that"),
        ("for job in iter(jobs.get, None):\n    jobs.task_done()  # a", None),
        ("jobs.get()\njobs.get()\njobs.task_done()\njobs.task_done()  # a", None),
        ("jobs.task_done()  # a", None),
        (GET + "try:\n        int(job)\n        jobs.task_done()\n        toolbox.log()\n"
         "    except Exception:\n        jobs.task_done()  # a", "that it has marked"),
        (GET + "try:\n        int(job)\n    except ValueError:\n        jobs.task_done()\n"
         "        continue\n    jobs.task_done()  # a", None),
    ],
)  # fmt: skip
def test_excess(tmp_path: Path, body: str, why: str | None) -> None:
    program = small(tmp_path, put_into(WORK, body))
    found = [program.program.tasks.excess(mark) for mark in program.operations("a")]
    assert any(found) is (why is not None)
    for excess in found:
        assert excess is None or (why is not None and why in excess.why)


def test_taken_by_another_process(tmp_path: Path) -> None:
    source = """
    def dispatch(jobs, lane):
        while True:
            lane.put(jobs.get())

    def work(jobs, lane):
        while True:
            lane.get()
            jobs.task_done()
            jobs.task_done()  # a

    jobs, lane = mp.JoinableQueue(), mp.Queue()
    mp.Process(target=dispatch, args=(jobs, lane), daemon=True).start()
    mp.Process(target=work, args=(jobs, lane), daemon=True).start()
    jobs.put(1)
    jobs.join()  # join
    """
    program = small(tmp_path, source)
    assert program.program.tasks.excess(program.operation("a")) is None
    assert program.program.tasks.unfinished(program.operation("join")) is None


@pytest.mark.parametrize(("sent", "skips"), [("3", False), ("None", True)])
def test_none_is_put_or_not(tmp_path: Path, sent: str, skips: bool) -> None:
    source = """
    def work(jobs):
        while True:
            job = jobs.get()
            if job is not None:
                jobs.task_done()

    jobs = mp.JoinableQueue()
    mp.Process(target=work, args=(jobs,), daemon=True).start()
    jobs.put(BODY)
    jobs.join()  # join
    """
    program = small(tmp_path, source.replace("BODY", sent))
    skipped = program.program.tasks.unfinished(program.operation("join"))
    assert (skipped is not None) is skips


@pytest.mark.parametrize(
    ("work", "main", "skips"),
    [
        ("toolbox.run(job)", "results.get()\njobs.join()", False),
        ("toolbox.run(job)", "for _ in range(3):\n    results.get()\njobs.join()", False),
        ("toolbox.run(job)", "jobs.join()\nresults.get()", True),
        ("toolbox.run(job)", "results.get(timeout=3)\njobs.join()", True),
        ("toolbox.run(job)", "others.get()\njobs.join()", True),
        ("toolbox.run(job)", "jobs.join()", True),
        # not by an error: its result may have come
        ("if job == 3: continue", "results.get()\njobs.join()", True),
    ],
)
def test_its_result_is_awaited_before(tmp_path: Path, work: str, main: str, skips: bool) -> None:
    source = """
    def work(jobs, results):
        toolbox.begin()
        while True:
            job = jobs.get()
            WORK
            jobs.task_done()
            results.put(1)

    def other(others):
        others.put(toolbox.load())

    jobs, results, others = mp.JoinableQueue(), mp.Queue(), mp.Queue()
    mp.Process(target=work, args=(jobs, results), daemon=True).start()
    mp.Process(target=other, args=(others,), daemon=True).start()
    jobs.put(1)
    BODY
    """
    main = main.replace("jobs.join()", "jobs.join()  # join")
    program = small(tmp_path, put_into(source.replace("WORK", work), main))
    skipped = program.program.tasks.unfinished(program.operation("join"))
    assert (skipped is not None) is skips
