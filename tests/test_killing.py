"""The questions about what is lost with a process, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import Small, put_into, small

DAEMON = """
    import time
    from multiprocessing.pool import ThreadPool

    def job():
        print(1)

    def consume(jobs):
        while True:
            print(jobs.get())

    def tick():
        while True:
            time.sleep(1)

    def until(jobs):
        while True:
            if jobs.get() is None:
                break

    jobs, few = mp.Queue(), mp.Queue(3)
    BODY
"""


@pytest.mark.parametrize(
    ("make", "after", "lost"),
    [
        ("target=job, daemon=True", "print(1)", True),
        ("target=job, daemon=True", "p.join()", False),
        ("target=job, daemon=True", "p.join(3)", False),
        ("target=job, daemon=True", "while p.is_alive(): pass", False),
        ("target=job, daemon=True", "time.sleep(1)", False),
        ("target=job, daemon=True", "toolbox.serve()", False),
        ("target=job, daemon=True", "toolbox.keep(p)", False),
        ("target=job, daemon=True", "if toolbox.flag: p.join()", False),
        ("target=job, daemon=True", "jobs.put(1)", True),
        ("target=job, daemon=True", "few.put(1)", False),
        ("target=job, daemon=True", "threading.Thread(target=job).start()", False),
        ("target=job, daemon=True", "mp.Pool()", False),
        ("target=job, daemon=True", "while True: pass", False),
        ("target=job", "print(1)", False),
        ("target=job, daemon=toolbox.flag", "print(1)", False),
        ("target=tick, daemon=True", "print(1)", False),
        ("target=consume, daemon=True, args=(jobs,)", "print(1)", False),
        ("target=consume, daemon=True, args=(jobs,)", "jobs.put(1)", True),
        ("target=until, daemon=True, args=(jobs,)", "jobs.put(1)\njobs.put(None)", True),
    ],
)
def test_a_daemon_that_ends_with_the_program(
    tmp_path: Path, make: str, after: str, lost: bool
) -> None:
    body = f"p = mp.Process({make})\np.start()  # here\n{after}"
    program = small(tmp_path, put_into(DAEMON, body))
    found = program.program.killing.lost(program.operation("here"))
    assert (found is not None) is lost
    if found is not None:
        assert (found.put is not None) is ("args" in make)


def test_a_daemon_of_a_worker(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        def session():
            mp.Process(target=print, args=(1,), daemon=True).start()  # unknown
            mp.Process(target=work, daemon=True).start()  # here

        def work():
            print(1)

        process = mp.Process(target=session)
        process.start()
        process.join()
        """,
    )
    killing = program.program.killing
    assert killing.lost(program.operation("here")) is not None
    assert killing.lost(program.operation("unknown")) is None  # nobody knows what it does


KILLED = """
    def read(jobs):
        while True:
            print(jobs.get())

    def until(jobs):
        for job in iter(jobs.get, None):
            print(job)

    def once(jobs):
        print(jobs.get())

    def write(jobs):
        jobs.put(list(toolbox.rows()))

    def main(flag):
        jobs = mp.Queue()
        p = mp.Process(target=TARGET, args=(jobs,))
        p.start()
        BODY
"""

KILL = "p.terminate()  # here\n"


@pytest.mark.parametrize(
    ("target", "body", "broken"),
    [
        ("read", KILL + "jobs.get()", True),
        ("read", KILL + "jobs.get_nowait()", True),
        ("read", "p.kill()  # here\nmp.Process(target=read, args=(jobs,)).start()", True),
        ("read", KILL + "p.join()\njobs.get()", True),
        ("read", KILL + "jobs.put(1)", False),
        ("read", KILL + "jobs = mp.Queue()\njobs.get()", False),
        ("read", KILL, False),
        ("read", "if p.is_alive():\n    " + KILL + "jobs.get()", False),
        ("read", "try:\n    toolbox.f()\nfinally:\n    " + KILL + "jobs.get()", False),
        ("read", "p.join()\n" + KILL + "jobs.get()", False),
        ("until", KILL + "jobs.get()", True),
        ("until", "jobs.put(1)\n" + KILL + "jobs.get()", True),
        ("until", "jobs.put(None)\n" + KILL + "jobs.get()", False),
        ("once", KILL + "jobs.get()", False),
        ("write", "p.join(3)\n" + KILL + "jobs.get()", True),
        ("write", KILL + "jobs.get()", False),
        ("write", "jobs.get()\np.join(3)\n" + KILL + "jobs.get()", False),
        ("write", "p.join(3)\n" + KILL, False),
    ],
)
def test_a_process_that_is_killed_at_a_queue(
    tmp_path: Path, target: str, body: str, broken: bool
) -> None:
    program = small(tmp_path, put_into(KILLED.replace("TARGET", target), body))
    found = program.program.killing.broken(program.operation("here"))
    assert (found is not None) is broken
    if found is not None:
        assert found.writing is (target == "write")


@pytest.mark.parametrize(
    "queue", ["mp.Manager().Queue()", "queue.Queue()", "toolbox.Queue()", "mp.Pipe()[0]"]
)
def test_what_holds_no_lock(tmp_path: Path, queue: str) -> None:
    source = put_into(KILLED.replace("TARGET", "read"), KILL + "jobs.get()")
    program = small(tmp_path, source.replace("mp.Queue()", queue))
    assert program.program.killing.broken(program.operation("here")) is None


# Never started ------------------------------------------------------------------------------------


def never(program: Small) -> bool:
    """Whether the process that the marked line makes is never started."""
    record, lifecycle = program.program.record, program.program.lifecycle
    view = program.view()
    return any(
        lifecycle.never_started(at, activation) is not None
        for (activation, at) in record.made
        if program.is_at(view.place(at), "here")
    )


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("p = mp.Process(target=print)  # here", True),
        ("p = Plain()  # here", True),
        ("mp.Process(target=print)  # here", True),
        ("ps = [mp.Process(target=print) for _ in range(2)]  # here", True),
        ("p = mp.Process(target=print)  # here\nprint(p.name)", True),
        ("p = mp.Process()  # here", False),
        ("p = mp.Process(target=print)  # here\np.start()", False),
        ("p = mp.Process(target=print)  # here\np.run()", False),
        ("p = mp.Process(target=print)  # here\ntoolbox.keep(p)", False),
        ("p = mp.Process(target=print)  # here\nflag.start()", False),
        ("p = mp.Process(target=print)  # here\ngetattr(p, flag)()", False),
        ("return mp.Process(target=print)  # here", False),
        ("yield mp.Process(target=print)  # here", False),
        ("p = Plain()  # here\np.run()", False),
        ("p = Plain()  # here\nPlain().start()", False),
        ("p = Own()  # here", False),
        ("p = threading.Thread(target=print)  # here", False),
        ("def test_it():\n    p = mp.Process(target=print)  # here", False),
        ("flag.p = mp.Process(target=print)  # here", False),
    ],
)
def test_a_process_that_nobody_starts(tmp_path: Path, body: str, found: bool) -> None:
    program = small(
        tmp_path,
        put_into(
            """
            class Plain(mp.Process):
                def run(self):
                    pass

            class Own(mp.Process):
                def __init__(self):
                    super().__init__()
                    self.start()

            def function(flag):
                BODY
            """,
            body,
        ),
    )
    assert never(program) is found


@pytest.mark.parametrize(
    ("after", "found"), [("main()", False), ("if __name__ == '__main__':\n    main()", True)]
)
def test_a_module_without_a_guard_is_for_others(tmp_path: Path, after: str, found: bool) -> None:
    source = "process = mp.Process(target=print)  # here\n\ndef main():\n    pass\n\n" + after
    assert never(small(tmp_path, source)) is found


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("Service()", True),
        ("pass", False),  # whoever makes one may start it
        ("toolbox.service(Service())\ntoolbox.f().p.start()", False),
    ],
)
def test_a_process_in_an_attribute(tmp_path: Path, more: str, found: bool) -> None:
    program = small(
        tmp_path,
        put_into(
            """
            class Service:
                def __init__(self):
                    self.p = mp.Process(target=print)  # here

            BODY
            """,
            more,
        ),
    )
    assert never(program) is found
