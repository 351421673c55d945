"""What becomes of an object after it was put."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

PUTTING = """
    def work(jobs, other, simple):
        jobs.get(), other.get(), simple.get()

    def feed(jobs, other, simple, items):
        batch, more = [], {}
        BODY

    def main():
        queues = mp.Queue(), mp.Queue(), mp.SimpleQueue()
        mp.Process(target=work, args=queues).start()
        feed(*queues, sys.argv)

    main()
    """


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ("jobs.put(batch)  # put\nbatch.clear()", True),
        ("jobs.put(batch)  # put\nbatch[0] = 1", True),
        ("jobs.put(more)  # put\ndel more['a']", True),
        ("jobs.put(batch)  # put\nbatch += [1]", True),
        ("jobs.put(batch)  # put\nother.put(1)\nif items:\n    batch.pop()", True),
        ("for item in items:\n    batch.append(item)\n    jobs.put(batch)  # put", True),
        (
            "while True:\n    batch.append(1)\n    if items:\n        jobs.put(batch)  # put\n"
            "        continue\n    batch = []",
            True,
        ),
        ("jobs.put(batch)  # put", False),
        ("jobs.put(batch)  # put\nbatch = []\nbatch.append(1)", False),
        ("jobs.put(batch)  # put\nmore.clear()", False),
        ("jobs.put(batch)  # put\ntoolbox.wait()\nbatch.clear()", False),
        ("jobs.put(batch)  # put\nother.get()\nbatch.clear()", False),
        ("simple.put(batch)  # put\nbatch.clear()", False),
        ("jobs.put(batch[:])  # put\nbatch.clear()", False),
        ("jobs.put(items)  # put\nitems.clear()", False),
        ("jobs.put(batch)  # put\nreturn\nbatch.clear()", False),
        (
            "for item in items:\n    jobs.put(batch)  # put\n    break\nelse:\n    batch.pop()",
            False,
        ),
        ("for batch in [[1], [2]]:\n    batch.append(3)\n    jobs.put(batch)  # put", False),
        ("jobs.put(batch)  # put\nif items:\n    batch = []\nbatch.clear()", False),
    ],
)
def test_a_change_right_after_the_put(tmp_path: Path, body: str, changed: bool) -> None:
    program = small(tmp_path, put_into(PUTTING, body))
    found = program.program.changing.changed_after(program.operation("put"))
    assert (found is not None) is changed
