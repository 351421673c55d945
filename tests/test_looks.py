"""Queues that are asked whether something is in them."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest
from small import put_into, small


@pytest.mark.parametrize(
    ("worker", "main", "why"),
    [
        ("TAKE", "START\nSTART", "several processes"),
        ("TAKE", "for _ in range(n): START", "several processes"),
        ("TAKE", "START", None),
        ("while not jobs.empty():\n    jobs.get_nowait()", "START\nSTART", None),
        ("jobs.put(1)", "START\nTAKE", "may still be at work"),
        ("jobs.put(1)", "START\nprocess.join()\nTAKE", None),
        ("jobs.put(1)", "START\ntime.sleep(1)\nTAKE", "may still be at work"),
        (
            "jobs.put(1)",
            "START\nwhile n:\n    while not jobs.empty():  # look\n        jobs.get()",
            None,
        ),
        ("pass", "jobs.put(1)\nTAKE", "still on its way"),
        ("pass", "TAKE", None),
        ("jobs.put(1)", "START\nwhile not jobs.empty():  # look\n    jobs.get()", None),  # dropped
        ("pass", "jobs.put(1)\nprint(jobs.empty())  # look", None),
        ("pass", "toolbox.fill(jobs)\nTAKE", None),
        ("jobs.put(1)", "START\nwhile n and not jobs.empty():  # look\n    jobs.get()", None),
    ],
)
def test_race(tmp_path: Path, worker: str, main: str, why: str | None) -> None:
    take = "while not jobs.empty():  # look\n    print(jobs.get())"
    start = "process = mp.Process(target=work, args=(jobs,)); process.start()"
    source = f"""
        import time

        def work(jobs):
            {indent(worker.replace("TAKE", take), " " * 12).strip()}

        def main(n):
            jobs = mp.Queue()
            BODY

        main(toolbox.n)
    """
    if "empty" in worker and "look" not in worker:
        source = source.replace("jobs.empty():", "jobs.empty():  # look")
    main = main.replace("TAKE", take).replace("START", start)
    program = small(tmp_path, put_into(source, main))
    race = program.program.looks.race(program.operation("look"))
    assert (race is not None) is (why is not None)
    assert race is None or (why is not None and why in race.why)
