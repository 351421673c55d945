"""Tasks that nobody says are done."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("while True:\n    print(jobs.get())\n    jobs.task_done()", None),
        ("while True:\n    print(jobs.get())", "can go on"),
        ("while True:\n    toolbox.run(jobs.get())\n    jobs.task_done()", "by an error"),
        (
            "while True:\n    job = jobs.get()\n    try:\n        toolbox.run(job)\n    finally:\n"
            "        jobs.task_done()",
            None,
        ),
        ("while True:\n    if jobs.get() == 3:\n        break\n    jobs.task_done()", "can go on"),
        ("while True:\n    if jobs.get() is None:\n        break\n    jobs.task_done()", None),
        ("while True:\n    print(jobs.get())\n    done(jobs)", None),
        ("while True:\n    print(jobs.get())\n    toolbox.done(jobs)", None),
        # whether that is said, is not known
        ("while True:\n    again(jobs.get())", None),
        ("while True:\n    jobs.get()\n    (jobs if toolbox.x else toolbox.q).task_done()", None),
    ],
)
def test_unfinished(tmp_path: Path, body: str, how: str | None) -> None:
    source = """
        def done(queue):
            queue.task_done()

        def again(job):
            return job and again(job - 1)

        def work(jobs):
            BODY

        jobs = mp.JoinableQueue()  # made
        mp.Process(target=work, args=(jobs,), daemon=True).start()
        jobs.put(3)
        jobs.join()  # join
        jobs.put(None)  # nobody counts it any more
    """
    program = small(tmp_path, put_into(source, body))
    skipped = program.program.tasks.unfinished(program.operation("join"))
    assert (skipped is not None) is (how is not None)
    assert skipped is None or (how is not None and how in skipped.how)
