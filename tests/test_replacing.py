"""Tests that replace what starts processes: what they call then says nothing of the program."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from small import PRELUDE, Small, put_into, small

MOCKED = """
    from unittest import mock
    from unittest.mock import patch, patch as patched
    import mock as other

    def begin(target):
        child = mp.Process(target=target)  # child
        child.start()

    class Begin:
        def __init__(self, target):
            begin(target)

    def test_begin():
        def inner():
            pass
        BODY
"""


@pytest.mark.parametrize(
    ("body", "known"),
    [
        ("begin(inner)", True),
        ("with mock.patch('multiprocessing.Process'):\n    begin(inner)", False),
        ("with patch('multiprocessing.Process') as made:\n    begin(inner)", False),
        ("with patch.object(mp, 'Process'), open('x'):\n    begin(inner)", False),
        (
            "with patch.multiple(mp, Process=print):\n    if toolbox.go:\n        begin(inner)",
            False,
        ),
        ("with other.patch('multiprocessing.Process'):\n    begin(inner)", False),
        ("with patched('multiprocessing.Process'):\n    begin(inner)", False),
        ("with patch('multiprocessing.Process'):\n    Begin(inner)", False),
        ("with patch('multiprocessing.Process'):\n    mp.Process(target=inner)", False),
        (
            "with patch('multiprocessing.Process'), patch('time.sleep'):\n"
            "    with patch('os.getpid'):\n        begin(inner)",
            False,
        ),
        ("Begin(inner)", True),
        ("with mock.patch.dict(os.environ):\n    begin(inner)", True),
        ("with patch('time.sleep'):\n    begin(inner)", True),
        ("with patch.object(toolbox, 'go'):\n    begin(inner)", True),
        ("with patch.multiple(toolbox, go=print):\n    begin(inner)", True),
        ("with patch(toolbox.name()):\n    begin(inner)", False),
        ("with patch(*toolbox.names()):\n    begin(inner)", False),
        ("with patch(toolbox.name):\n    begin(inner)", False),
        ("with patch.object(*toolbox.names()):\n    begin(inner)", False),
        ("with patch('main.mp.get_context'):\n    begin(inner)", False),
        ("with patch('main.multiprocessing'):\n    begin(inner)", False),
        ("with patch('main.ProcessPoolExecutor'):\n    begin(inner)", False),
        ("with toolbox.patch('multiprocessing.Process'):\n    begin(inner)", True),
        ("with mock.patch('multiprocessing.Process'):\n    pass\nbegin(inner)", True),
    ],
)
def test_what_is_handed_to_something_replaced(tmp_path: Path, body: str, known: bool) -> None:
    program = small(tmp_path, put_into(MOCKED, body))
    [worker] = program.program.workers or [None]
    assert (worker is not None and worker.name == "test_begin.<locals>.inner") is known


def test_a_test_that_replaces_something_all_along(tmp_path: Path) -> None:
    source = put_into(MOCKED, "begin(inner)").replace(
        "def test_begin", '@patch("multiprocessing.Process")\ndef test_begin'
    )
    assert not small(tmp_path, source).program.workers
    (tmp_path / "b").mkdir()
    shadowed = source.replace("def test_begin()", "def test_begin(patch)")
    assert not small(tmp_path, shadowed).program.workers
    harmless = source.replace('@patch("multiprocessing.Process")', '@patch("time.sleep")')
    assert small(tmp_path / "b", harmless).program.workers


def test_methods_are_not_replaced(tmp_path: Path) -> None:
    body = "with patch('multiprocessing.Process'):\n    jobs.put(1)  # put"
    program = small(tmp_path, put_into(MOCKED, "jobs = mp.Queue()\n" + body))
    assert program.operation("put").does == "put"


def test_one_of_two_is_a_method(tmp_path: Path) -> None:
    body = "with patch('multiprocessing.Process'):\n    either(1)  # put"
    body = "jobs = mp.Queue()\neither = jobs.put if toolbox.go else begin\n" + body
    assert small(tmp_path, put_into(MOCKED, body)).operation("put").does == "put"


BEGUN = """
    import multiprocessing as mp
    import threading
    from unittest import mock

    import main
    import toolbox

    toolbox.prepare()

    def begin(target):
        mp.Process(target=target).start()

    def test_begin(monkeypatch):
        def inner():
            pass
        BODY
"""


@pytest.mark.parametrize(
    ("patch", "begun", "known"),
    [
        ("pass", "main.begin(inner)", True),
        ("mock.patch('main.mp.Process').start()", "main.begin(inner)", False),
        ("mock.patch('main.mp.Process').start()", "main.Begin(inner)", False),
        ("mock.patch('main.mp.Process').start()", "begin(inner)", False),
        ("mock.patch('main.mp.Queue').start()", "main.begin(inner)", False),
        ("mock.patch('main.mp.Queue').start()", "begin(inner)", True),
        ("mock.patch('time.sleep').start()", "main.begin(inner)", True),
        ("mock.patch(toolbox.name()).start()", "begin(inner)", False),
        ("mock.patch.multiple(mp, Process=print).start()", "begin(inner)", False),
        ("toolbox.enter(mock.patch.object(mp, 'Process'))", "main.begin(inner)", False),
        ("later = mock.patch.object(mp, 'Process')", "main.begin(inner)", False),
        ("monkeypatch.setattr('main.mp.Process', print)", "main.begin(inner)", False),
        ("monkeypatch.setattr(mp, 'Process', print)", "main.begin(inner)", False),
        ("monkeypatch.setattr(mp, toolbox.name(), print)", "main.begin(inner)", False),
        ("monkeypatch.setattr(main, 'size', 3)", "main.begin(inner)", True),
        ("monkeypatch.setattr('main.size', 3)", "main.begin(inner)", True),
        ("monkeypatch.setenv('Process', '1')", "main.begin(inner)", True),
        ("mock.one().patch('main.mp.Process')", "main.begin(inner)", True),
        ("mock.patch(toolbox.name).start()", "threading.Thread(target=inner).start()", True),
        ("toolbox.setattr(mp, 'Process', print)", "main.begin(inner)", True),
        # these end before
        ("with mock.patch('main.mp.Process'):\n    pass", "main.begin(inner)", True),
        (
            "@mock.patch('main.mp.Process')\ndef test_other():\n    pass",
            "main.begin(inner)",
            True,
        ),
    ],
)
def test_what_is_replaced_until_somebody_says(
    tmp_path: Path, patch: str, begun: str, known: bool
) -> None:
    assert is_known(tmp_path, put_into(BEGUN, f"{patch}\n{begun}")) is known


@pytest.mark.parametrize(
    ("module", "patch"),
    [
        ("import unittest.mock", "unittest.mock.patch"),
        ("from unittest.mock import patch", "patch"),
        ("import mock", "mock.patch"),
        ("import mock as m", "m.patch"),
    ],
)
def test_how_a_patch_is_imported(tmp_path: Path, module: str, patch: str) -> None:
    test = put_into(BEGUN, f"{patch}('main.mp.Process').start()\nmain.begin(inner)")
    test = test.replace("from unittest import mock", module).replace("(monkeypatch)", "()")
    assert not is_known(tmp_path, test)
    assert is_known(tmp_path, test.replace("mp.Process'", "size'"))


def is_known(folder: Path, test: str) -> bool:
    """Whether the test's own function is what a process runs."""
    main = dedent(put_into(MOCKED, "pass")).replace("def test_begin", "def other")
    program = Small(folder, PRELUDE + main, test_main=test).program
    return "test_begin.<locals>.inner" in {worker.name for worker in program.workers}
