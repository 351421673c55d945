"""Items that are marked as done before the work on them begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

WORK = """
import logging
import time

def done(jobs):
    jobs.task_done()

def work(jobs, out):
    while True:
        job = jobs.get()
        BODY

jobs, out = mp.JoinableQueue(), mp.Queue()
p = mp.Process(target=work, args=(jobs, out), DAEMON)
p.start()
jobs.put("3")
MAIN
"""
MARK, SLEEP = "jobs.task_done()  # here\n", "time.sleep(1)\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (MARK + SLEEP, True),
        (MARK + "toolbox.run(job)", True),
        (MARK + "if job is None: break\ntoolbox.run(job)", True),
        ("print(job)\n" + MARK + SLEEP, True),
        (MARK + "print(job)", False),
        (MARK + "logging.getLogger().info(job)", False),
        (MARK + "toolbox.log.info(job)", False),
        (SLEEP + MARK, False),
        (SLEEP + MARK + SLEEP, False),
        ("toolbox.run(job)\n" + MARK + SLEEP, False),
        ("if job is None: toolbox.close()\n" + MARK + SLEEP, False),
        ("if job:\n    jobs.task_done()\n    continue\n" + MARK + SLEEP, False),
        (MARK, False),
        (MARK + "out.get()\n" + SLEEP, True),
        ("jobs.get()\n" + MARK + SLEEP, True),
    ],
)
def test_work_after_the_mark(tmp_path: Path, body: str, found: bool) -> None:
    source = put_into(WORK, body).replace("DAEMON", "daemon=True").replace("MAIN", "jobs.join()")
    program = small(tmp_path, source)
    early = program.program.tasks.early(program.operation("here"))
    assert (early is not None) is found
    if early is not None:
        assert (early.worker.name, early.join.does) == ("work", "join-tasks")
        assert early.work.at > program.operation("here").at


@pytest.mark.parametrize(
    ("daemon", "end", "found"),
    [
        ("daemon=True", "jobs.join()", True),
        ("daemon=True", "jobs.join()\nprint(1)", True),
        ("daemon=True", "(jobs if toolbox.a() else mp.JoinableQueue()).join()", False),
        ("daemon=False", "jobs.join()", False),
        ("daemon=toolbox.a()", "jobs.join()", False),
        ("daemon=True", "pass", False),
        ("daemon=True", "jobs.join()\np.join()", False),
        ("daemon=True", "jobs.join()\nout.get()", False),
        ("daemon=True", "jobs.join()\ntime.sleep(3)", False),
        ("daemon=True", "jobs.join()\ntoolbox.serve()", False),
        ("daemon=True", "if toolbox.a():\n    jobs.join()\nelse:\n    time.sleep(3)", True),
        ("daemon=True", "toolbox.keep(jobs)\njobs.join()", False),
        ("daemon=True", "jobs = mp.JoinableQueue()\njobs.join()", False),
    ],
)
def test_the_end_of_the_program(tmp_path: Path, daemon: str, end: str, found: bool) -> None:
    source = put_into(WORK, MARK + SLEEP).replace("DAEMON", daemon).replace("MAIN", end)
    program = small(tmp_path, source)
    early = program.program.tasks.early(program.operation("here"))
    assert (early is not None) is found
