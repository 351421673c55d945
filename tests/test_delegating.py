"""Objects that pass on what they are asked to another one."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

HANDLE = """
    class Base:
        def __getattr__(self, name):
            return getattr(self.queue, name)

    class Handle:
        own = 1

        def __init__(self, queue):
            self.queue = queue

        BODY

    class Derived(Base):
        def __init__(self, queue):
            self.queue = queue

    Handle(mp.Queue()).put(1)  # handle
    Derived(mp.Queue()).put(1)  # derived
"""


@pytest.mark.parametrize(
    ("body", "known"),
    [
        ("def __getattr__(self, name):\n    return getattr(self.queue, name)", True),
        ("def __getattr__(me, what):\n    'All.'\n    return getattr(me.queue, what)", True),
        ("def __getattr__(self, name):\n    return getattr(self.other, name)", False),
        ("def __getattr__(self, name):\n    return getattr(self.queue, name, None)", False),
        ("def __getattr__(self, name):\n    return getattr(self.queue, 'x' + name)", False),
        ("def __getattr__(self, name):\n    return getattr(name.queue, self)", False),
        ("def __getattr__(self, name):\n    toolbox.note(name)\n"
         "    return getattr(self.queue, name)", False),
        ("def __getattr__(self, name):\n    if name == 'put': raise AttributeError\n"
         "    return getattr(self.queue, name)", False),
        ("def __getattr__(self, name):\n    return self.queue", False),
        ("def __getattr__(self, name):\n    pass", False),
        ("def put(self, item):\n    print(item)\n"
         "def __getattr__(self, name):\n    return getattr(self.queue, name)", False),
        ("pass", False),
    ],
)  # fmt: skip
def test_what_is_passed_on(tmp_path: Path, body: str, known: bool) -> None:
    program = small(tmp_path, put_into(HANDLE, body))
    assert [put.does for put in program.operations("handle")] == (["put"] if known else [])
    assert program.operation("derived").does == "put"


def test_one_that_asks_itself(tmp_path: Path) -> None:
    """The object behind is looked for only where it is put."""
    source = """
        class Handle:
            def __getattr__(self, name):
                return getattr(self.queue, name)

        Handle().put(1)  # put
    """
    assert not small(tmp_path, source).operations("put")


def test_special_methods_are_not_passed_on(tmp_path: Path) -> None:
    source = """
        class Handle:
            def __init__(self):
                self.lock = mp.Lock()

            def __getattr__(self, name):
                return getattr(self.lock, name)

        Handle().acquire()  # acquire
        with Handle():  # with
            pass
    """
    program = small(tmp_path, source)
    assert program.operations("acquire")
    assert not program.operations("with")


def test_two_that_ask_each_other(tmp_path: Path) -> None:
    source = """
        class Handle:
            def __getattr__(self, name):
                return getattr(self.other, name)

        one, two = Handle(), Handle()
        one.other, two.other = two, one
        one.put(1)  # put
    """
    assert not small(tmp_path, source).operations("put")
