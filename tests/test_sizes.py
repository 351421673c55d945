"""How large items are, and puts that wait for room in the pipe themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

from mplint.model.channels.sizes import least


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ("'abc'", 3),
        ("b'abc'", 3),
        ("17", 0),
        ("toolbox.a()", 0),
        ("'ab' * 500", 1000),
        ("500 * b'ab'", 1000),
        ("[0] * 500", 500),
        ("[0, 1] * 500", 1000),
        ("'ab' * toolbox.a()", 0),
        ("'ab' + toolbox.a() + 'cd'", 4),
        ("'ab' % 'cd'", 0),
        ("('abc', 17, 'abc')", 9),
        ("{'key': 'abc'}", 4),
        ("[n for n in range(500)]", 500),
        ("{n: n for n in range(500) for m in 'ab'}", 1000),
        ("[n for n in range(500) if n > 3]", 0),
        ("[n for n in toolbox.a()]", 0),
        ("(n for n in range(500))", 0),
        ("bytes(500)", 500),
        ("bytearray(500)", 500),
        ("bytes(toolbox.a())", 0),
        ("os.urandom(500)", 500),
        ("list(range(500))", 500),
        ("range(500)", 0),
        ("list(500)", 0),
        ("len(range(500))", 0),
        ("table", 500),
        ("row", 0),
        ("one", 0),
    ],
)
def test_least(tmp_path: Path, item: str, size: int) -> None:
    source = "table = [0] * 500\nfor row in table:\n    one = two\n    two = one\n"
    source += f"here({item})  # item\n"
    program = small(tmp_path, source)
    assert least(program.program, *program.given("item")) == size


BIG = "bytes(100_000)"
SOURCE = """
    def work(jobs):
        while True:
            WORK

    def read(jobs):
        jobs.get()

    def main(it):
        jobs = mp.SimpleQueue()
        process = mp.Process(target=work, args=(jobs,))
        BODY

    main(toolbox.it)
"""


@pytest.mark.parametrize(
    ("worker", "main", "why"),
    [
        ("pass", f"jobs.put({BIG})  # put", "nobody takes"),
        ("pass", "jobs.put(bytes(10_000))  # put", None),
        ("pass", "jobs.put(it)  # put", None),
        ("pass", "for n in range(10_000): jobs.put(n)  # put", "nobody takes"),
        ("pass", "for n in range(1_000): jobs.put(n)  # put", None),
        ("pass", "for n in it: jobs.put(n)  # put", None),
        ("pass", f"jobs.put(1)\njobs.put({BIG})  # put", "nobody takes"),
        ("pass", f"jobs.put({BIG})\njobs.put({BIG})  # put", None),  # the first one is told
        ("pass", f"toolbox.a(jobs)\njobs.put({BIG})  # put", None),
        ("pass", f"if process.is_alive(): jobs.put({BIG})  # put", None),
        # the same process takes it out
        ("pass", f"jobs.put({BIG})  # put\njobs.get()", "same process"),
        ("pass", "for n in range(10_000):\n    jobs.put(n)  # put\n    jobs.get()", None),
        (
            "pass",
            f"threading.Thread(target=read, args=(jobs,)).start()\njobs.put({BIG})  # put",
            None,
        ),
        # a worker does
        ("jobs.get()", f"process.start()\njobs.put({BIG})  # put", None),
        ("jobs.get()", f"jobs.put({BIG})  # put\nprocess.start()", "not started yet"),
        ("jobs.get()", f"jobs.put({BIG})  # put\nprocess.start()\njobs.get()", None),
        ("jobs.get()", f"process.start()\nfor n in it: jobs.put({BIG})  # put", None),
        ("toolbox.a(jobs.get())", f"process.start()\njobs.put({BIG})  # put", None),
        ("toolbox.a(jobs.get())", f"process.start()\nfor n in it: jobs.put({BIG})  # put", "error"),
        ("toolbox.a(jobs.get())", "process.start()\nfor n in it: jobs.put(n)  # put", None),
    ],
)
def test_stuck_at_a_pipe(tmp_path: Path, worker: str, main: str, why: str | None) -> None:
    program = small(tmp_path, put_into(SOURCE.replace("WORK", worker), main))
    stuck = program.program.bounded.stuck(program.operation("put"))
    assert (stuck is not None) is (why is not None)
    if stuck is not None:
        assert why is not None and why in stuck.why
        assert "64 KiB" in stuck.once
        assert ("Queue" in stuck.cure) is (stuck.worker is None)
