"""What forked children use of what their parent has opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

TEMPLATE = """
import socket
import multiprocessing as mp

BODY
"""


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (
            """
            f = open("x")
            def work(n): f.read()
            def main(): mp.Pool(2).map(work, [1, 2])
            """,
            ["f"],
        ),
        (
            """
            def work(f): next(f)
            def main():
                f = open("x")
                for n in range(2): mp.Process(target=work, args=(f,)).start()
            """,
            ["f"],
        ),
        (
            """
            c = socket.create_connection(("x", 1))
            def work(n): c.recv(1)
            def main(): mp.Pool(2).map(work, [1, 2])
            """,
            ["c"],
        ),
        (
            """
            def work(f): f.write("x")
            def main():
                f = open("x", "w")
                f.write("y")
                mp.Process(target=work, args=(f,)).start()
            """,
            ["f"],
        ),
        # one process; locked; opened in the worker; spawned; flushed
        (
            """
            def work(f): next(f)
            def main():
                f = open("x")
                mp.Process(target=work, args=(f,)).start()
            """,
            [],
        ),
        (
            """
            f, lock = open("x"), mp.Lock()
            def work(n):
                with lock: f.read()
            def main(): mp.Pool(2).map(work, [1, 2])
            """,
            [],
        ),
        (
            """
            def work(n):
                f = open("x")
                f.read()
            def main(): mp.Pool(2).map(work, [1, 2])
            """,
            [],
        ),
        (
            """
            f = open("x")
            def work(n): f.read()
            def main(): mp.get_context("spawn").Pool(2).map(work, [1, 2])
            """,
            [],
        ),
        (
            """
            def work(f): f.write("x")
            def main():
                f = open("x", "w")
                f.write("y")
                f.flush()
                mp.Process(target=work, args=(f,)).start()
            """,
            [],
        ),
    ],
)
def test_what_is_open(tmp_path: Path, body: str, names: list[str]) -> None:
    program = small(tmp_path, put_into(TEMPLATE, body))
    found = program.program.inherited.open_resources(program.path)
    assert [one.name for one in found] == names


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            """
            m = mmap.mmap(-1, 8)
            def work(): m[0] = 1
            def main():
                mp.Process(target=work).start()
                print(m[0])
            """,
            [("map", "m")],
        ),
        (
            """
            def work(fd): os.write(fd, b"")
            def main():
                r, w = os.pipe()
                mp.Process(target=work, args=(w,)).start()
            """,
            [("number", "w")],
        ),
        # only the child's; of a file; not used; forked
        (
            """
            m = mmap.mmap(-1, 8)
            def work(): m[0] = 1
            def main(): mp.Process(target=work).start()
            """,
            [],
        ),
        (
            """
            m = mmap.mmap(3, 8)
            def work(): m[0] = 1
            def main():
                mp.Process(target=work).start()
                print(m[0])
            """,
            [],
        ),
        (
            """
            def work(fd): print(fd)
            def main():
                r, w = os.pipe()
                mp.Process(target=work, args=(w,)).start()
            """,
            [],
        ),
        (
            """
            def work(fd): os.write(fd, b"")
            def main():
                r, w = os.pipe()
                mp.get_context("fork").Process(target=work, args=(w,)).start()
            """,
            [],
        ),
    ],
)
def test_what_only_a_fork_hands_on(tmp_path: Path, body: str, found: list[tuple[str, str]]) -> None:
    program = small(tmp_path, put_into("import mmap\n" + TEMPLATE.lstrip(), body))
    seen = program.program.inherited.fork_only(program.path)
    assert [(one.what, one.name) for one in seen] == found
