"""What programs print, and what is concluded from all that is seen of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mplint.outcome import AnyOf, Differs, Hangs, Leaks, Quiet, Raises
from mplint.prove import (
    judge,
    stacks,
    tracebacks,
)
from mplint.prove.describe import describe
from mplint.prove.observation import Error, Frame, Left, Observation, ProcessSeen, Stack
from mplint.prove.output import HEAD, LARGE, TAIL, Output


def test_tracebacks_of_several_processes_at_once() -> None:
    text = """\
Process Process-1:
Process Process-2:
Traceback (most recent call last):
Traceback (most recent call last):
  File "/usr/lib/python3.11/multiprocessing/process.py", line 314, in _bootstrap
  File "/usr/lib/python3.11/multiprocessing/process.py", line 314, in _bootstrap
    self.run()
    raise ValueError(1)
ValueError: 1
KeyError: 'x'
Exception in thread Thread-1 (work):
Traceback (most recent call last):
  File "bad.py", line 3, in work
json.decoder.JSONDecodeError: Expecting value
"""
    assert tracebacks.find(text, main_failed=False) == (
        Error("Process-1", "ValueError", "1", True),
        Error("Process-2", "KeyError", "'x'", True),
        Error("thread Thread-1 (work)", "json.decoder.JSONDecodeError", "Expecting value", True),
    )


def test_only_the_last_of_chained_tracebacks_counts() -> None:
    text = '''\
multiprocessing.pool.RemoteTraceback:
"""
Traceback (most recent call last):
  File "bad.py", line 5, in work
ZeroDivisionError: division by zero
"""

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "bad.py", line 9, in <module>
RuntimeError: no
    and further
'''
    expected = (Error("main", "RuntimeError", "no\nand further", True),)
    assert tracebacks.find(text, main_failed=True) == expected


def test_ignored_exception_ends_nothing() -> None:
    text = """\
Exception ignored in: <function Pool.__del__ at 0x7f>
Traceback (most recent call last):
  File "pool.py", line 268, in __del__
OSError: closed
"""
    assert tracebacks.find(text, main_failed=False) == (
        Error("a process", "OSError", "closed", False),
    )


def test_stack_of_a_forked_child_begins_with_its_own_life() -> None:
    text = """\
Thread 0x00007fab629cf6c0 [QueueFeederThread] (most recent call first):
  File "/lib/python3.14/threading.py", line 373 in wait
  File "/lib/python3.14/multiprocessing/queues.py", line 251 in _feed
  File "/lib/python3.14/threading.py", line 1045 in _bootstrap

Current thread 0x00007fab62d97400 [python3.14] (most recent call first):
  File "/home/me/bad.py", line 5 in work
  File "/lib/python3.14/multiprocessing/process.py", line 108 in run
  File "/lib/python3.14/multiprocessing/process.py", line 313 in _bootstrap
  File "/lib/python3.14/multiprocessing/popen_fork.py", line 71 in _launch
  File "/home/me/bad.py", line 12 in main
"""
    feeder, main = stacks.parse(text, lambda file: file.startswith("/home"), forked=True)
    assert not feeder.main and [frame.function for frame in feeder.frames][1] == "_feed"
    assert main.main and [frame.function for frame in main.frames] == ["work", "run"]


@pytest.mark.parametrize("frees", [True, False])
def test_output_is_bounded_while_the_program_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frees: bool
) -> None:
    if not frees:
        monkeypatch.setattr("mplint.prove.output.free", lambda *_: False)
    output = Output(tmp_path / "text")
    os.write(output.descriptor, b"begin\n")
    written = 6
    for number in range(3):
        written += os.write(output.descriptor, b"x" * (LARGE + HEAD + 1))
        written += os.write(output.descriptor, f"end {number}\n".encode())
        output.bound()
        assert (tmp_path / "text").stat().st_blocks * 512 < LARGE / 2
    assert output.text().startswith("begin\nxxx")
    assert output.text().endswith("xxxend 2\n")
    written += os.write(output.descriptor, b"last words")
    assert output.text().endswith("xxxend 2\nlast words")
    assert f"... {written - HEAD - TAIL} bytes left out ..." in output.text()
    output.close()


@pytest.mark.skipif(sys.platform != "linux", reason="files can be made smaller at their end only")
def test_output_loses_nothing_that_is_written_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is written between a look at the file and its end being cut off would be lost."""
    output = Output(tmp_path / "text")
    look = os.fstat

    def look_before_it_writes(descriptor: int) -> os.stat_result:
        seen = look(descriptor)
        if descriptor == output.descriptor:
            os.write(descriptor, b"last words")
        return seen

    os.write(output.descriptor, b"x" * (2 * LARGE))
    monkeypatch.setattr(os, "fstat", look_before_it_writes)
    output.bound()
    monkeypatch.undo()
    assert output.text().endswith("xlast words")
    output.close()


def test_output_that_is_cut_off_has_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no room is given back, its end is read again when it has grown meanwhile."""
    output = Output(tmp_path / "text")
    read, words = output._read, [b"last words"]

    def read_before_it_writes(begin: int, count: int) -> bytes:
        seen = read(begin, count)
        if begin and words:
            os.write(output.descriptor, words.pop())
        return seen

    os.write(output.descriptor, b"x" * (2 * LARGE))
    monkeypatch.setattr("mplint.prove.output.free", lambda *_: False)
    monkeypatch.setattr(output, "_read", read_before_it_writes)
    output.bound()
    assert output.text().endswith("xlast words")
    output.close()


def test_words_for_outcomes() -> None:
    outcome = AnyOf((Hangs("get"), Raises("OSError", "text"), Differs(), Leaks("file"), Quiet()))
    assert judge.in_words(outcome) == (
        "hangs in get or raises OSError (text) or gives a wrong result "
        "or leaves a file behind or nothing"
    )


def seen_waiting(*frames: Frame, kind: Any = "main") -> Observation:
    process = ProcessSeen(1, 0, kind, kind, True, None, (Stack(True, frames),))
    return Observation("hangs", processes=(process,))


def test_description_is_the_same_in_every_run() -> None:
    frames = (Frame("/lib/queues.py", 1, "get", False), Frame("/home/me/bad.py", 5, "work", True))
    waiting = tuple(
        ProcessSeen(pid, 0, name, "child", True, None, (Stack(True, frames),))
        for pid, name in enumerate(("Process-10", "Process-2", "main"))
    )
    said = "hangs: main, Process-2 and Process-10 wait in get (bad.py:5)"
    assert describe(Observation("hangs", processes=waiting)) == said
    error = Error("main", "PicklingError", "Can't pickle\n  <function f at 0x7f3e>", True)
    said = "main raises PicklingError: Can't pickle <function f>"
    assert describe(Observation("ended", 1, errors=(error,))) == said


def test_hang_must_be_in_the_call_that_is_named(tmp_path: Path) -> None:
    program = tmp_path / "bad.py"
    program.write_text("a.target()\nb.other()\n")
    user = Frame(str(program), 1, "<module>", True)
    library = Frame("/lib/queues.py", 1, "get", False)
    assert judge.holds(Hangs("get"), seen_waiting(library, user))
    assert not judge.holds(Hangs("put"), seen_waiting(library, user))
    assert not judge.holds(Hangs("get"), seen_waiting(library, kind="forkserver"))
    # no frame for a function in C: but the line counts only if nothing further in waits
    assert judge.holds(Hangs("target"), seen_waiting(user))
    assert not judge.holds(Hangs("target"), seen_waiting(library, user))
    assert not judge.holds(Hangs("other"), seen_waiting(user))
    ended = Observation("ended", processes=seen_waiting(library, user).processes)
    assert not judge.holds(Hangs("get"), ended)


def test_exact_outcomes() -> None:
    error = Error("main", "_pickle.PicklingError", "Can't pickle\n  it", True)
    raised = Observation("ended", 1, errors=(error,))
    assert judge.holds(Raises("PicklingError", "pickle it"), raised)
    assert not judge.holds(Raises("PicklingError", "unpickle"), raised)
    assert not judge.holds(Raises("Error"), raised)
    assert not judge.holds(Raises("PicklingError"), Observation("hangs", errors=(error,)))
    assert judge.holds(Differs(), Observation("ended", 0, stdout="expected: 1\ngot: 2\n"))
    assert not judge.holds(Differs(), Observation("ended", 0, stdout="expected: 1\n"))
    assert not judge.holds(Differs(), Observation("ended", 0, stdout="expected: 1\ngot: 1\n"))
    leaked = Observation("ended", 0, left=(Left("shared memory", "x"),))
    assert judge.holds(Leaks("shared memory block"), leaked)
    assert not judge.holds(Leaks("semaphore"), leaked)
    assert not judge.is_quiet(leaked)
