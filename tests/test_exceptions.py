"""Whether errors and results come back from a worker."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import small


@pytest.mark.parametrize(
    ("init", "raised", "why"),
    [
        ("def __init__(self, a, b): super().__init__(a)", "E(1, 2)", "needs `b`"),
        ("def __init__(self, a, b): super().__init__(a, b)", "E(1, 2)", None),
        ("def __init__(self, a, b): super().__init__(*a)", "E(1, 2)", None),
        ("def __init__(self, a, b): Exception.__init__(self, a)", "E(1, 2)", "needs `b`"),
        ("def __init__(self, a, b): self.a = a", "E(1, 2)", None),
        ("def __init__(self, a, b): self.a = a", "E(a=1, b=2)", "needs `a` and `b`"),
        (
            "def __init__(self, c): self.a = c\n    def __init__(self, a, b): self.a = a",
            "E(a=1, b=2)",
            "needs `a` and `b`",
        ),
        ("def __init__(self, *, a): super().__init__(a)", "E(a=1)", "takes no"),
        ("def __init__(self): super().__init__('text')", "E()", "takes no"),
        ("def __init__(self): super().__init__('text')", "E", "takes no"),
        ("def __init__(self, a=1): super().__init__('text')", "E()", None),
        ("def __init__(self, a, b):\n        if a: super().__init__(a)", "E(1, 2)", None),
        ("def __init__(self, a, b): self.args = (a, b)", "E(a=1, b=2)", None),
        ("def __reduce__(self): return 'E'\n    def __init__(self): pass", "E()", None),
        ("def __init__(self, a):\n        self.lock = threading.Lock()", "E(1)", "it holds"),
        ("pass", "E(1, 2)", None),
        ("pass", "ValueError(1)", None),
        ("pass", "toolbox.Error(1)", None),
    ],
)
def test_which_exceptions_come_back(
    tmp_path: Path, init: str, raised: str, why: str | None
) -> None:
    asked = small(
        tmp_path,
        f"class E(Exception):\n    {init}\n\ndef task(n):\n    raise {raised}  # here\n\n"
        "mp.Pool().map(task, [1])\n",
    )
    view = asked.view()
    node = asked.node("here", cst.Raise)
    at = view.number(node)
    assert at is not None
    [found] = [asked.program.exceptions.stuck(at, a) for a in view.activations(node)]
    assert (found is not None) is (why is not None)
    if found is not None and why is not None:
        assert why in found.why


@pytest.mark.parametrize(
    ("task", "start", "stuck"),
    [
        ("return run()", "mp.Pool().map(task, [1])", True),
        ("return run()", "mp.Process(target=task, args=(1,)).start()", False),
        ("return run()", "mp.pool.ThreadPool().map(task, [1])", False),
        ("return 1", "mp.Pool().map(task, [1]); run()", False),
        ("try: run()\n    except Lost: pass", "mp.Pool().map(task, [1])", False),
        ("try: run()\n    except KeyError: pass", "mp.Pool().map(task, [1])", True),
        ("try: run()\n    except toolbox.Error: pass", "mp.Pool().map(task, [1])", True),
        ("with toolbox.manager(): run()", "mp.Pool().map(task, [1])", True),
        ("with contextlib.suppress(Lost): run()", "mp.Pool().map(task, [1])", False),
    ],
)
def test_which_errors_leave_the_task(tmp_path: Path, task: str, start: str, stuck: bool) -> None:
    asked = small(
        tmp_path,
        f"""
import contextlib
import multiprocessing.pool

class Lost(Exception):
    def __init__(self, a): super().__init__()

def run():
    raise Lost(1)  # here

def task(n):
    {task}

{start}
""",
    )
    view = asked.view()
    node = asked.node("here", cst.Raise)
    at = view.number(node)
    assert at is not None
    found = [asked.program.exceptions.stuck(at, a) for a in view.activations(node)]
    assert any(found) is stuck


@pytest.mark.parametrize(
    ("put", "stuck"),
    [
        ("mp.Queue().put(Lost(1))", True),
        ("mp.Pipe()[0].send(Lost(1))", True),
        ("mp.Queue().put(ValueError(1))", False),
        ("queue.Queue().put(Lost(1))", False),
        ("mp.Queue().put(given)", False),
    ],
)
def test_exceptions_on_queues(tmp_path: Path, put: str, stuck: bool) -> None:
    source = "class Lost(Exception):\n    def __init__(self, a): super().__init__()\n\n"
    asked = small(tmp_path, f"{source}def function(given):\n    {put}  # here\n")
    [operation] = [o for o in asked.operations("here") if o.does == "put"]
    assert (asked.program.exceptions.stuck_put(operation) is not None) is stuck


@pytest.mark.parametrize(
    ("returned", "start", "what"),
    [
        ("open('a')", "mp.Pool().map(task, [1])", "an open file"),
        ("(x for x in n)", "mp.Pool().apply_async(task, (1,))", "a generator"),
        ("lambda: 1", "mp.Pool().map(task, [1])", "a lambda"),
        ("mp.Lock()", "mp.Pool().map(task, [1])", "a lock"),
        ("[n]", "mp.Pool().map(task, [1])", None),
        ("n and open('a')", "mp.Pool().map(task, [1])", None),
        ("open('a')", "mp.Pool(initializer=task)", None),
        ("open('a')", "mp.Process(target=task, args=(1,))", None),
        ("open('a')", "mp.Pool().map(task, [lambda: 1])", None),  # it is never sent
        ("open('a')", "task(1)", None),
    ],
)
def test_which_results_come_back(
    tmp_path: Path, returned: str, start: str, what: str | None
) -> None:
    asked = small(tmp_path, f"def task(n):\n    return {returned}  # here\n\n{start}\n")
    view = asked.view()
    node = asked.node("here", cst.Return)
    at = view.number(node)
    assert at is not None
    found = [asked.program.exceptions.lost_result(at, a) for a in view.activations(node)]
    assert [lost.obstacle.what for lost in found if lost is not None] == ([what] if what else [])
