"""Waits that come only after a look that found something."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

MAIN = """
    import multiprocessing as mp

    def work(queue):
        queue.put(1)

    def main(flag):
        queue, other = mp.Queue(), mp.Queue()
        mp.Process(target=work, args=(queue,)).start()
        BODY
"""


@pytest.mark.parametrize(
    ("body", "guarded"),
    [
        ("queue.get()  # wait", False),
        ("if not queue.empty():\n    queue.get()  # wait", True),
        ("if queue.empty():\n    pass\nelse:\n    queue.get()  # wait", True),
        ("if flag:\n    pass\nelif queue.qsize() > 2:\n    queue.get()  # wait", True),
        ("if flag:\n    queue.get()  # wait\nelif queue.empty():\n    pass", False),
        ("if not queue.empty():\n    pass\nqueue.get()  # wait", False),
        ("if not other.empty():\n    queue.get()  # wait", False),
        ("if not queue.empty():\n    other.get()  # wait", False),
        ("if flag:\n    queue.empty()\n    queue.get()  # wait", False),
        ("near, far = mp.Pipe()\nif near.poll(1):\n    near.recv()  # wait", True),
        ("while not queue.empty():\n    queue.get()  # wait", True),
        ("while not queue.empty():\n    pass\nelse:\n    queue.get()  # wait", False),
        ("while flag:\n    if queue.empty():\n        continue\n    queue.get()  # wait", True),
        ("while flag:\n    if queue.empty():\n        print()\n    queue.get()  # wait", False),
        ("while flag:\n    queue.get()  # wait\n    if queue.empty():\n        break", False),
        ("print(queue.get() if not queue.empty() else 0)  # wait", True),
        ("print(0 if queue.empty() else queue.get())  # wait", True),
        ("print(queue.empty() or queue.get())  # wait", True),
        ("print(queue.empty() or queue.get() or queue.empty())  # wait", True),
        ("for _ in range(queue.qsize()):\n    queue.get()  # wait", False),
    ],
)
def test_a_wait_is_guarded(tmp_path: Path, body: str, guarded: bool) -> None:
    program = small(tmp_path, put_into(MAIN, body))
    [wait] = [o for o in program.operations("wait") if o.does == "get"]
    assert program.program.excuses.is_guarded(wait) is guarded


CALLED = """
    import multiprocessing as mp

    def take(queue):
        return queue.get()  # wait

    def main():
        queue = mp.Queue()
        if not queue.empty():
            take(queue)
        MORE
"""


@pytest.mark.parametrize(
    ("more", "guarded"), [("pass", True), ("take(queue)", False), ("mp.Queue().empty()", True)]
)
def test_a_wait_is_guarded_by_all_callers(tmp_path: Path, more: str, guarded: bool) -> None:
    program = small(tmp_path, CALLED.replace("MORE", more))
    assert program.program.excuses.is_guarded(program.operation("wait")) is guarded


def test_a_look_before_a_start_is_none_of_the_process(tmp_path: Path) -> None:
    start = "mp.Process(target=take, args=(queue,)).start()"
    called = CALLED.replace("MORE", "pass").replace("        take(queue)", f"        {start}")
    program = small(tmp_path, called)
    assert not program.program.excuses.is_guarded(program.operation("wait"))


def test_a_look_at_one_queue_is_none_at_another(tmp_path: Path) -> None:
    body = "if not queue.empty():\n    other.get()  # other\n    queue.get()  # wait\nother.empty()"
    program = small(tmp_path, put_into(MAIN, body))
    found = [program.program.excuses.is_guarded(program.operation(m)) for m in ("other", "wait")]
    assert found == [False, True]
