"""Processes that are killed before they can have sent anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

KILLED = """
    import time

    def work(jobs, answers):
        for job in iter(jobs.get, None):
            print(job)
        answers.put(1)

    def main(flag):
        jobs, answers = mp.Queue(), mp.Queue()
        p = mp.Process(target=work, args=(jobs, answers))
        BODY

    main(toolbox.flag)
"""
KILL, GET = "p.terminate()  # here\n", "answers.get()"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("p.start()\n" + KILL + GET, True),
        ("p.start()\njobs.put(None)\n" + KILL + "p.join()\n" + GET, True),
        ("p.start()\nprint(1)\np.kill()  # here\n" + GET, True),
        ("p.start()\njobs.put(None)\n" + KILL, False),
        ("p.start()\n" + KILL + "answers.get(timeout=1)", False),
        ("p.start()\n" + KILL + "answers.get_nowait()", False),
        ("p.start()\n" + KILL + "jobs.get()", False),
        # it may have had its time
        ("p.start()\ntime.sleep(1)\n" + KILL + GET, False),
        ("p.start()\ntoolbox.run()\n" + KILL + GET, False),
        ("p.start()\np.join(1)\n" + KILL + GET, False),
        ("p.start()\nif p.is_alive(): print(1)\n" + KILL + GET, False),
        ("p.start()\n" + GET + "\n" + KILL + GET, False),
        (KILL + "p.start()\n" + GET, False),
        ("p.start()\nif flag:\n    " + KILL + GET, False),
        ("p.start()\ntry:\n    print(1)\nfinally:\n    " + KILL + GET, False),
        # others answer
        ("answers.put(1)\np.start()\n" + KILL + GET, False),
        ("p.start()\n" + KILL + "p = mp.Process(target=work, args=(jobs, answers))\np.start()\n"
         + GET, False),
        ("toolbox.a(answers)\np.start()\n" + KILL + GET, False),
        ("ps = [mp.Process(target=work, args=(jobs, answers)) for _ in range(3)]\n"
         "for p in ps: p.start()\nps[0].terminate()  # here\n" + GET, False),
        ("for _ in flag: p = mp.Process(target=work, args=(jobs, answers)); p.start()\n"
         + KILL + GET, False),
    ],
)  # fmt: skip
def test_a_process_that_is_killed_at_once(tmp_path: Path, body: str, found: bool) -> None:
    program = small(tmp_path, put_into(KILLED, body))
    lost = program.program.order.killed(program.operation("here"))
    assert (lost is not None) is found
    if lost is not None:
        assert lost.put.text == "answers.put()" and lost.get.does == "get"


def test_the_end_of_a_pipe_may_be_noticed(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        def work(writer):
            writer.send(1)

        def main():
            reader, writer = mp.Pipe(False)
            p = mp.Process(target=work, args=(writer,))
            p.start()
            p.terminate()  # here
            writer.close()
            reader.recv()
        """,
    )
    assert program.program.order.killed(program.operation("here")) is None
