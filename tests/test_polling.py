"""Loops that ask until there is something, before what takes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

from mplint.model.channels.polling import Polling

PROGRAM = """
    import time

    def work(results, end):
        results.put(toolbox.result())
        end.send(1)

    def until(results):
        while results.empty():
            pass

    def main(flag, other):
        results, (end, far) = mp.Queue(), mp.Pipe()
        process = mp.Process(target=work, args=(results, far))
        process.start()
        BODY

    main(toolbox.flag, mp.Queue())
"""


@pytest.mark.parametrize(
    ("body", "asks", "gives_up"),
    [
        ("while results.empty():\n    pass\nresults.get()  # wait", "results.empty()", False),
        ("while not end.poll(1):\n    time.sleep(1)\nend.recv()  # wait", "end.poll()", False),
        ("while results.empty():\n    yield\nresults.get()  # wait", "results.empty()", False),
        # further in, and not at once
        (
            "while results.empty():\n    pass\nif flag:\n    print(1)\n    results.get()  # wait",
            "results.empty()",
            False,
        ),
        # it may give up
        (
            "while results.empty():\n    if flag:\n        return\nresults.get()  # wait",
            "results.empty()",
            True,
        ),
        (
            "while results.empty():\n    if flag:\n        raise TimeoutError\n"
            "results.get()  # wait",
            "results.empty()",
            True,
        ),
        (
            "while results.empty():\n    toolbox.go()\nresults.get()  # wait",
            "results.empty()",
            True,
        ),
        ("while results.empty():\n    exit(1)\nresults.get()  # wait", "results.empty()", True),
        # the get may be reached though there is nothing
        ("results.get()  # wait\nwhile results.empty():\n    pass", None, False),
        ("while results.empty():\n    if flag:\n        break\nresults.get()  # wait", None, False),
        ("while results.empty() and flag:\n    pass\nresults.get()  # wait", None, False),
        ("while not results.empty():\n    pass\nresults.get()  # wait", None, False),
        ("while end.poll():\n    pass\nend.recv()  # wait", None, False),
        (
            "if flag:\n    while results.empty():\n        pass\nresults.get()  # wait",
            None,
            False,
        ),
        (
            "while results.empty():\n    pass\nresults.get()\nresults.get()  # wait",
            None,
            False,
        ),
        # what may take it is not called
        (
            "while results.empty():\n    pass\ndef inner():\n    results.get()\n"
            "results.get()  # wait",
            "results.empty()",
            False,
        ),
        # something else is asked, or may be
        ("while flag(results.empty()):\n    pass\nresults.get()  # wait", None, False),
        ("while results.full():\n    pass\nresults.get()  # wait", None, False),
        ("results.get()  # wait\nuntil(results)", None, False),
        ("while other.empty():\n    pass\nresults.get()  # wait", None, False),
        (
            "one = results if flag else other\nwhile one.empty():\n    pass\nresults.get()  # wait",
            None,
            False,
        ),
    ],
)
def test_a_loop_before_a_get(tmp_path: Path, body: str, asks: str | None, gives_up: bool) -> None:
    program = small(tmp_path, put_into(PROGRAM, body))
    [wait] = [o for o in program.operations("wait") if o.does == "get"]
    loop = Polling(program.program).polled(wait)
    assert (loop.question.text if loop is not None else None) == asks
    assert loop is None or loop.gives_up is gives_up
    asked = program.program.waiting.asked_before(wait)
    assert asked is (loop.question if loop is not None else None)
    assert program.program.excuses.is_guarded(wait) is gives_up


def test_a_coroutine_may_be_cancelled(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        import asyncio

        results = mp.Queue()

        async def main():
            while results.empty():
                await asyncio.sleep(1)
            results.get()  # wait
        """,
    )
    loop = Polling(program.program).polled(program.operation("wait"))
    assert loop is not None and loop.gives_up  # where it awaits something
