"""What is shared by mistake, or is not: queues of a worker, objects of threads."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import put_into, small


@pytest.mark.parametrize(
    ("body", "rest", "answer"),
    [
        ("results = mp.Queue()  # made\nresults.put(1)", "", "alone"),
        ("results = mp.Queue()  # made\nresults.put(1)\nresults.get()", "", None),
        ("results = mp.Queue()  # made\nprint(results)", "", None),
        ("results = mp.Queue()  # made\ntoolbox.keep(results)\nresults.put(1)", "", None),
        ("results = mp.Queue()  # made\nresults.put(1)\nreturn results", "", None),
        ("results = mp.Queue()  # made\npipe.put(results)\nresults.put(1)", "", None),
        ("global shared\nshared = mp.Queue()  # made", "shared.get()", "elsewhere"),
        ("lock = mp.Lock()  # made\nwith lock: print(1)", "", None),  # alone, but harmless
        ("lock = mp.Lock()  # made\nwith lock: print(1)", "many", "alone"),
        ("lock = threading.Lock()  # made\nwith lock: print(1)", "many", None),
        ("results = queue.Queue()  # made\nresults.put(1)", "", None),
        (
            "results = mp.Queue()  # made\nresults.put(1)\n"
            "threading.Thread(target=take, args=(results,)).start()",
            "",
            None,
        ),
        ("print(1)", "mp.Queue().put(1)  # made", None),
    ],
)
def test_made_in_worker(tmp_path: Path, body: str, rest: str, answer: str | None) -> None:
    source = """
        pipe = mp.Queue()
        shared = None

        def take(results):
            results.get()

        def work():
            BODY

        LOOP
            mp.Process(target=work).start()
        REST
    """
    loop = "for _ in range(3):" if rest == "many" else "if True:"
    source = source.replace("LOOP", loop).replace("REST", rest.replace("many", ""))
    program = small(tmp_path, put_into(source, body))
    [made] = program.made("made")
    found = program.program.sharing.made_in_worker(made)
    assert (found is not None) is (answer is not None)
    if found is not None:
        assert found.worker is program.worker("work")
        assert (found.elsewhere is not None) is (answer == "elsewhere")


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("mp.Process(target=work, args=(jobs,))", ["Queue"]),
        ("mp.Process(target=work, args=[jobs, lock])", ["Queue", "Lock"]),
        ("mp.Process(target=work, kwargs={'jobs': jobs})", ["Queue"]),
        ("Worker(jobs)", ["Queue"]),
        ("Worker(jobs=[lock])", ["Lock"]),
        ("mp.Process(target=work, args=(ours,))", []),
        ("mp.Process(target=work, args=(jobs if n else None,))", []),
        ("threading.Thread(target=work, args=(jobs,))", []),
        ("mp.Process(target=work, args=(n,))", []),
        ("mp.Pool().apply_async(work, (jobs,))", []),  # that raises: a matter of pickling
    ],
)
def test_thread_objects_given(tmp_path: Path, call: str, found: list[str]) -> None:
    program = small(
        tmp_path,
        f"""
        def work(*jobs, **others): pass

        class Worker(mp.Process):
            def __init__(self, jobs):
                super().__init__()

            def run(self): pass

        def function(n):
            jobs, lock, ours = queue.Queue(), threading.Lock(), mp.Queue()
            {call}  # here
        """,
    )
    node = program.node("here", cst.Call)
    at = program.view().number(node)
    assert at is not None
    [(worker, activation)] = program.view().launches(node)
    objects = program.program.sharing.thread_objects_given(worker, activation, at)
    assert [thing.made.kind.name for thing in objects] == found


@pytest.mark.parametrize(
    ("made", "work", "main", "found"),
    [
        ("queue.Queue()", "jobs.put(1)", "jobs.get()", True),
        ("queue.Queue()", "jobs.get()", "jobs.put(1)", True),
        ("mp.Queue()", "jobs.put(1)", "jobs.get()", False),
        ("queue.Queue()", "jobs.put(1)\n    jobs.get()", "jobs.put(1)\njobs.get()", False),
        ("queue.Queue()", "jobs.put(1)", "print(jobs)", False),
        ("queue.Queue()", "jobs.put(1)", "toolbox.take(jobs)\njobs.get()", False),
        ("queue.Queue() if toolbox.x else mp.Queue()", "jobs.put(1)", "jobs.get()", False),
    ],
)
def test_thread_global(tmp_path: Path, made: str, work: str, main: str, found: bool) -> None:
    source = (
        f"jobs = {made}  # made\n\ndef work():\n    {work}\n\nmp.Process(target=work).start()\n"
    )
    program = small(tmp_path, source + main)
    shared = program.program.sharing.thread_global(program.made("made")[0])
    assert (shared is not None) is found


@pytest.mark.parametrize(
    ("start", "many"),
    [
        ("mp.Process(target=work)", False),
        ("[mp.Process(target=work) for _ in range(3)]", True),
        ("for _ in range(3): mp.Process(target=work)", True),
        ("while toolbox.more(): mp.Process(target=work)", True),
        ("mp.Pool().apply_async(work)", True),
    ],
)
def test_is_many(tmp_path: Path, start: str, many: bool) -> None:
    program = small(tmp_path, f"def work(): pass\n\n{start}")
    assert program.program.sharing.is_many(program.worker("work")) is many
