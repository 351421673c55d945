"""Queues that are joined before they are drained."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import put_into, small

FULL_QUEUE = """
    def work(results):
        for number in range(1000):
            results.put(number)  # put

    def read(results):
        results.get()

    def main(n):
        results = mp.Queue()  # made
        process = mp.Process(target=work, args=(results,))
        process.start()
        BODY

"""


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("process.join()  # join\nresults.get()  # get", "late"),
        ("for p in [process]:\n    p.join()  # join\nresults.get()  # get", "late"),
        ("process.join()  # join", "never"),
        ("results.get()\nprocess.join()  # join", None),
        ("process.join(9)  # join\nresults.get()  # get", None),
        ("process.join(n)  # join\nresults.get()  # get", None),
        ("process.terminate()\nprocess.join()  # join\nresults.get()  # get", None),
        ("while not results.empty():\n    results.get()  # get\nprocess.join()  # join", None),
        ("read(results)\nprocess.join()  # join\nresults.get()  # get", None),
        ("toolbox.read(results)\nprocess.join()  # join\nresults.get()  # get", None),
        ("(n or process).join()  # join\nresults.get()  # get", None),
        ("mp.Process(target=read, args=(results,)).start()\nprocess.join()  # join", None),
        ("threading.Thread(target=read, args=(results,)).start()\nprocess.join()  # join", None),
        ("threading.Thread(target=read, args=(results,)).start()\nLATE", None),
        ("mp.Process(target=read, args=(results,)).start()\nLATE", None),
        ("if n:\n    process.join()  # join\nresults.get()  # get", "late"),
        ("if n:\n    results.get()\nprocess.join()  # join\nresults.get()  # get", "late"),
    ],
)
def test_undrained(tmp_path: Path, body: str, answer: str | None) -> None:
    late = "process.join()  # join\nresults.get()  # get"
    program = small(tmp_path, put_into(FULL_QUEUE, body.replace("LATE", late)))
    [join] = {o.site: o for o in program.operations("join")}.values()
    found = program.program.draining.undrained(join)
    if answer is None:
        assert found is None
        return
    assert found is not None
    assert (found.worker, found.channel) == (program.worker("work"), program.channel("made"))
    assert found.put is program.operation("put")
    assert (found.get is not None) is (answer == "late")
    if found.get is not None:
        assert found.get in program.operations("get")


@pytest.mark.parametrize(
    ("body", "unbounded"),
    [
        ("results.put(1)", False),
        ("results.put('short')", False),
        ("results.put((1, 'two', [3]))", False),
        ("results.put('x' * 100_000)", True),
        ("results.put([y for y in x])", True),
        ("results.put({'all': list(x)})", True),
        ("results.put(toolbox.run())", True),
        ("for _ in range(3):\n    results.put(1)", False),
        ("for _ in range(1000):\n    results.put(1)", False),
        ("for _ in range(10_000):\n    results.put(1)", True),
        ("for y in x:\n    results.put(len(y))", False),
        ("for _ in range(1000):\n    results.put('one')", True),
        ("for y in x:\n    results.put('one')", True),
        ("while x:\n    results.put('one')", True),
        ("while x:\n    results.put(x == 1)", False),
        ("while x:\n    results.put('one')\n    break", False),
        ("while x:\n    if x:\n        results.put('one')\n        return", False),
        ("for y in x:\n    one(results)", True),
        ("one(results)", False),
        ("results.put(1)\nresults.cancel_join_thread()", False),
    ],
)
def test_is_unbounded(tmp_path: Path, body: str, unbounded: bool) -> None:
    source = """
        def one(results):
            results.put('one')

        def work(results, x):
            BODY

        results = mp.Queue()  # made
        mp.Process(target=work, args=(results, toolbox.x))
    """
    program = small(tmp_path, put_into(source, body))
    [put] = program.channel("made").puts
    assert program.program.draining.is_unbounded(put) is unbounded


@pytest.mark.parametrize(
    ("join", "found"), [("", True), (", join=False", False), (", daemon=True", True)]
)
def test_undrained_launch(tmp_path: Path, join: str, found: bool) -> None:
    program = small(
        tmp_path,
        f"""
        import torch.multiprocessing as tmp

        def work(rank, results):
            for number in range(1000):
                results.put(number)

        results = mp.Queue()
        tmp.spawn(work, args=(results,), nprocs=2{join})  # launch
        results.get()
        """,
    )
    [(worker, activation)] = program.view().launches(program.node("launch", cst.Call))
    at = program.view().number(program.node("launch", cst.Call))
    assert at is not None
    draining = program.program.draining
    assert (draining.undrained_launch(worker, activation, at) is not None) is found
