"""Calls that an object of this kind does not have, or not so."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import small


@pytest.mark.parametrize(
    ("line", "effect"),
    [
        ("jobs.task_done()", "AttributeError"),
        ("jobs.pop()", "AttributeError"),
        ("jobs.receive", "AttributeError"),
        ("simple.qsize()", "AttributeError"),
        ("reader.put(1)", "AttributeError"),
        ("reader.send(1)", "OSError"),
        ("writer.recv()", "OSError"),
        ("mp.Queue.get()", "function, not a queue"),
        ("mp.Empty", "no such name"),
        ("simple.get(timeout=1)", "TypeError"),
        ("simple.get(True)", "TypeError"),
        ("len(jobs)", "TypeError"),
        ("1 in jobs", "TypeError"),
        ("for job in jobs: pass", "TypeError"),
        ("if jobs: jobs.get()", "always true"),
        ("while not jobs: pass", "always true"),
        ("jobs.qsize()", None),
        ("jobs._buffer", None),
        ("joinable.task_done()", None),
        ("reader.recv()", None),
        ("both.send(1)", None),
        ("either.send(1)", None),
        ("simple.get()", None),
        ("mp.cpu_count()", None),
        ("toolbox.Empty", None),
        ("threads.task_done()", None),
        ("len(threads.queue)", None),
        ("n.pop()", None),
        ("(jobs if n else []).pop()", None),
        ("len(n)", None),
        ("for job in [jobs]: pass", None),
        ("for job in iter(jobs.get, None): pass", None),
        ("if not jobs: raise ValueError", None),  # asks whether there is a queue
        ("if jobs is not None: pass", None),
        ("if jobs == n: pass", None),
        ("if hasattr(jobs, 'pop'): jobs.pop()", None),
    ],
)
def test_missing_operations(tmp_path: Path, line: str, effect: str | None) -> None:
    program = small(
        tmp_path,
        f"""
        def function(n):
            jobs, simple, joinable = mp.Queue(), mp.SimpleQueue(), mp.JoinableQueue()
            threads = queue.Queue()
            reader, writer = mp.Pipe(duplex=False)
            both, _ = mp.Pipe()
            either, _ = mp.Pipe(True if n else False)
            {line}  # here
        """,
    )
    view = program.view()
    asked = (cst.Attribute, cst.Call, cst.Comparison, cst.Name, cst.UnaryOperation)
    found = {
        missing.effect
        for at, node in enumerate(view.lowered.nodes)
        if isinstance(node, asked) and program.is_at(view.place(at), "here")
        for missing in view.missing_operations(node)
    }
    assert len(found) == (effect is not None)
    assert effect is None or effect in found.pop()


@pytest.mark.parametrize(
    ("call", "effect"),
    [
        ("jobs.get(5)", "waits for ever"),
        ("jobs.put(1, 5)", "waits for ever"),
        ("jobs.get(0.5)", "waits for ever"),
        ("jobs.get(block=False, timeout=3)", "does not wait"),
        ("reader.recv(3)", "TypeError"),
        ("jobs.get(True, 5)", None),
        ("jobs.get(1)", None),
        ("jobs.get(False)", None),
        ("jobs.get(timeout=5)", None),
        ("jobs.get(n)", None),
        ("jobs.get(n, 5)", None),
        ("jobs.get(False, 0)", None),
        ("reader.recv()", None),
        ("queue.Queue().get(5)", None),
        ("(jobs if n else {}).get(5)", None),
    ],
)
def test_misplaced_timeout(tmp_path: Path, call: str, effect: str | None) -> None:
    source = f"def function(n):\n    jobs, (reader, _) = mp.Queue(), mp.Pipe()\n    {call}  # here"
    program = small(tmp_path, source)
    found = program.program.interfaces.misplaced_timeout(program.operation("here"))
    assert (found is not None) is (effect is not None)
    assert found is None or (effect is not None and effect in found.effect)


@pytest.mark.parametrize(
    ("call", "handler", "wrong", "missing"),
    [
        ("jobs.get(timeout=1)", "except TimeoutError", True, False),
        ("jobs.get(timeout=1)", "except mp.TimeoutError", True, False),
        ("jobs.get_nowait()", "except mp.Queue.Empty", True, True),
        ("jobs.get(timeout=1)", "except jobs.Empty", True, True),
        ("few.put(1, timeout=1)", "except queue.Empty", True, False),
        ("jobs.get(timeout=1)", "except queue.Empty", False, False),
        ("jobs.get(timeout=1)", "except mp.queues.Empty", False, False),
        ("jobs.get(timeout=1)", "except (TimeoutError, queue.Empty)", False, False),
        ("jobs.get(timeout=1)", "except Exception", False, False),
        ("jobs.get(timeout=1)", "except", False, False),
        ("jobs.get(timeout=1)", "except toolbox.Empty", False, False),  # may be the same
        ("jobs.get(timeout=1)", "except ValueError", False, False),  # meant for something else
        ("jobs.get()", "except TimeoutError", False, False),  # raises nothing of the kind
        ("jobs.put(1, timeout=1)", "except TimeoutError", False, False),  # is never full
        ("queue.Queue().get(timeout=1)", "except TimeoutError", False, False),
        ("n.get(timeout=1)", "except TimeoutError", False, False),
    ],
)
def test_wrong_handler(tmp_path: Path, call: str, handler: str, wrong: bool, missing: bool) -> None:
    program = small(
        tmp_path,
        f"""
        def function(n):
            jobs, few = mp.Queue(), mp.Queue(3)
            try:
                {call}  # here
            {handler}:
                pass
        """,
    )
    operations = program.operations("here")
    found = [program.program.interfaces.wrong_handler(operation) for operation in operations]
    assert any(found) is wrong
    if wrong:
        assert found[-1] is not None and found[-1].missing is missing
