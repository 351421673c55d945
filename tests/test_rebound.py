"""Names of shared values that are assigned to, where the value is meant."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import put_into, small

WORK = """
current = None

def keep(shared):
    global current
    current = shared

class Job:
    def __init__(self, shared):
        self.total = shared
        self.plain = 0

    def run(self, total, array, maybe=None):
        global current
        BODY

def main():
    total, array = mp.Value("i", 0), mp.Array("i", 3)
    keep(total)
    job = Job(total)
    mp.Process(target=job.run, args=(total, array)).start()
    toolbox.show(total.value)

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize(
    ("body", "effect", "instead"),
    [
        ("total += 1  # a", "raises a TypeError", "`total.value += …`"),
        ("total = total + 1  # a", "raises a TypeError", "`total.value += …`"),
        ("total = 5  # a", "makes `total`", "`total.value = …`"),
        ("total = True  # a\nwith total.get_lock():\n    pass", "makes", "`total.value = …`"),
        ("total = len(toolbox.texts()) * 2  # a", "makes", "`total.value = …`"),
        ("array = [1, 2, 3]  # a", "makes", "`array[…] = …`"),
        ("array += [1]  # a", "raises a TypeError", "`array[…] += …`"),
        ("current = 5  # a", "makes `current`", "`current.value = …`"),
        ("self.total = 5  # a", "makes `self.total`", "`self.total.value = …`"),
        ("self.total -= 1  # a", "raises a TypeError", "`self.total.value -= …`"),
        ("if array[0]:\n    total = 1  # a\nelse:\n    total = 2", "makes", "`total.value = …`"),
        ("total = 5  # a\nprint(total)", None, None),
        ("total = None  # a", None, None),
        ("total = toolbox.wrap(total)  # a", None, None),
        ("total = total.value\ntotal += 1  # a", None, None),
        ("for total in range(3):\n    total += 1  # a", None, None),
        ("while toolbox.more():\n    print(total)\n    total = 5  # a", None, None),
        ("if isinstance(total, int):\n    total += 1  # a", None, None),
        ("try:\n    total += 1  # a\nexcept TypeError:\n    pass", None, None),
        ("try:\n    total += 1  # a\nexcept:\n    raise", "raises", "`total.value += …`"),
        ("total.value = 5  # a", None, None),
        ("self.plain += 1  # a", None, None),
        ("maybe = 5  # a", None, None),
        ("local = total\nlocal = 5  # a", None, None),
        ("self.total = self.plain = 5  # a", None, None),
        ("total, array = 1, 2  # a", None, None),
    ],
)
def test_rebound(tmp_path: Path, body: str, effect: str | None, instead: str | None) -> None:
    program = small(tmp_path, put_into(WORK, body))
    kind: type[cst.Assign] | type[cst.AugAssign] = cst.AugAssign
    try:
        node: cst.Assign | cst.AugAssign = program.node("a", kind)
    except AssertionError:
        node = program.node("a", cst.Assign)
    found = program.view().rebound_values(node)
    assert bool(found) is (effect is not None)
    for rebound in found:
        assert effect is not None and rebound.effect.startswith(effect)
        assert rebound.instead == instead
        assert rebound.worker.name == "Job.run"


def test_parent_alone_may_do_so(tmp_path: Path) -> None:
    source = """
    def forget(total):
        total = 5  # a

    forget(mp.Value("i", 0))
    """
    program = small(tmp_path, source)
    assert not program.view().rebound_values(program.node("a", cst.Assign))
