"""The group `readiness-3.14`: what works up to Python 3.13 and breaks on 3.14, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Ran

Write = Callable[..., Path]
Mplint = Callable[..., Ran]

READY = "--select=readiness-3.14"

# What one rule finds, once under every start method, once where processes are not forked.
BOTH = """\
import multiprocessing
import threading


class Store:
    def __init__(self):
        self.lock = threading.Lock()

    def save(self, name):
        print(name)

    def save_all(self, names):
        with multiprocessing.Pool() as pool:
            pool.map(self.save, names)
        process = multiprocessing.Process(target=self.save, args=("last",))
        process.start()
        process.join()


if __name__ == "__main__":
    Store().save_all(["a", "b"])
"""
IN_POOL, IN_PROCESS = ("MPL204", 14), ("MPL204", 15)

# A misuse under every start method, which is another one's cause where processes are not forked.
THREAD_QUEUE = """\
import multiprocessing
import queue


def work(jobs):
    print(jobs.get())


if __name__ == "__main__":
    jobs = queue.Queue()
    process = multiprocessing.Process(target=work, args=(jobs,))
    process.start()
    jobs.put(1)
    process.join()
"""

LAMBDA = """\
import multiprocessing

if __name__ == "__main__":
    process = multiprocessing.Process(target=lambda: print("hello"))
    process.start()
    process.join()
"""

# Under forkserver only: a process that is spawned has the parent that it seems to have.
PARENT = """\
import multiprocessing
import os


def watch():
    os.kill(os.getppid(), 0)


if __name__ == "__main__":
    process = multiprocessing.Process(target=watch)
    process.start()
    process.join()
"""


@pytest.fixture
def check(mplint: Mplint) -> Callable[..., set[tuple[str, int]]]:
    """Checks the current folder: the codes and lines of what is found."""

    def run(*arguments: str) -> set[tuple[str, int]]:
        ran = mplint("check", "--output-format=json", *arguments)
        assert ran.err == ""
        return {(item["code"], item["line"]) for item in json.loads(ran.out)}

    return run


Check = Callable[..., set[tuple[str, int]]]


def test_it_goes_by_finding(write: Write, check: Check) -> None:
    write("a.py", BOTH)
    assert check() == check("--select=MPL204") == {IN_POOL, IN_PROCESS}
    assert check(READY) == {IN_PROCESS}
    assert check("--ignore=readiness-3.14") == {IN_POOL}
    assert check(READY, "--ignore=MPL204") == set()
    assert check(READY, "--ignore=pickling") == set()
    assert check(READY, "--select=unpicklable-self") == {IN_POOL, IN_PROCESS}
    assert check("--select=MPL1", "--extend-select=readiness-3.14") == {IN_PROCESS}


def test_in_settings(write: Write, check: Check) -> None:
    write("a.py", BOTH)
    write("mplint.toml", 'select = ["readiness-3.14"]\n')
    assert check() == {IN_PROCESS}
    write("mplint.toml", 'per-file-ignores = { "a.py" = ["readiness-3.14"] }\n')
    assert check() == {IN_POOL}
    write("mplint.toml", 'select = ["readiness-3.14"]\nper-file-ignores = { "a.*" = ["MPL2"] }\n')
    assert check() == set()


def test_a_comment_for_what_is_not_asked_is_not_unused(write: Write, check: Check) -> None:
    write(
        "a.py", BOTH.replace("names)\n        process", "names)  # noqa: MPL204\n        process")
    )
    assert check("--extend-select=MPL003") == {IN_PROCESS}
    assert check(READY, "--extend-select=MPL003") == {IN_PROCESS}


def test_what_has_never_worked_is_not_in_it(write: Write, check: Check) -> None:
    """Without its cause, another rule would speak of it."""
    write("a.py", THREAD_QUEUE)
    assert {code for code, _ in check()} == {"MPL128"}
    assert {code for code, _ in check("--select=MPL203")} == {"MPL203"}
    assert check(READY) == set()


def test_a_chosen_start_method_is_not_upgraded(write: Write, check: Check) -> None:
    for method in ("spawn", "forkserver"):
        chosen = f'multiprocessing.set_start_method("{method}")'
        write("a.py", LAMBDA.replace("    process =", f"    {chosen}\n    process =", 1))
        assert check() == {("MPL203", 5)}
        assert check(READY) == set()
    write("a.py", LAMBDA.replace("multiprocessing.P", 'multiprocessing.get_context("spawn").P'))
    assert check() == {("MPL203", 4)}
    assert check(READY) == set()


def test_versions_and_start_methods(write: Write, check: Check) -> None:
    write("a.py", LAMBDA)
    write("b.py", PARENT)
    both = {("MPL203", 4), ("MPL610", 6)}
    assert check(READY) == check(READY, "--target-version=3.14") == both
    assert check(READY, "--start-method=forkserver") == both
    assert check(READY, "--start-method=spawn") == {("MPL203", 4)}
    assert check(READY, "--start-method=fork") == set()
    assert check(READY, "--target-version=3.13") == {("MPL203", 4)}  # spawn is another default
    write("pyproject.toml", '[project]\nrequires-python = ">=3.10,<3.14"\n')
    assert check(READY) == both  # whoever asks for the group asks about 3.14
    assert check("--extend-select=MPL610") == {("MPL203", 4)}
