"""Two processes that send to each other before either of them receives."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import small

BIG = "[0] * 1_000_000"


def _lines(text: str, depth: int) -> str:
    return text.replace("\n", "\n" + " " * depth)


@pytest.mark.parametrize(
    ("worker", "main", "meets"),
    [
        (f"conn.send({BIG})\nconn.recv()", f"conn.send({BIG})  # here\nconn.recv()", True),
        (f"conn.recv()\nconn.send({BIG})", f"conn.send({BIG})  # here\nconn.recv()", False),
        (f"conn.send({BIG})\nconn.recv()", f"conn.recv()\nconn.send({BIG})  # here", False),
        # what is sent
        (f"conn.send({BIG})\nconn.recv()", "conn.send(1)  # here\nconn.recv()", False),
        ("conn.send('ready')\nconn.recv()", f"conn.send({BIG})  # here\nconn.recv()", False),
        ("conn.send(toolbox.a())\nconn.recv()", f"conn.send({BIG})  # here\nconn.recv()", True),
        (
            "conn.send(toolbox.a())\nconn.recv()",
            "conn.send(toolbox.b())  # here\nconn.recv()",
            False,
        ),
        # on some ways only
        (
            f"if toolbox.a():\n    conn.send({BIG})\nconn.recv()",
            f"conn.send({BIG})  # here\nconn.recv()",
            False,
        ),
        (
            f"conn.send({BIG})\nconn.recv()",
            f"if conn.poll():\n    conn.recv()\nconn.send({BIG})  # here\nconn.recv()",
            False,
        ),
        # again and again
        (
            f"for _ in range(9):\n    conn.send({BIG})\n    conn.recv()",
            f"for _ in range(9):\n    conn.send({BIG})  # here\n    conn.recv()",
            True,
        ),
        (
            "for n in toolbox.a():\n    conn.send(n)\n    conn.recv()",
            f"for _ in toolbox.a():\n    conn.send({BIG})  # here\n    conn.recv()",
            False,
        ),
        (
            "for n in toolbox.a():\n    conn.send(n)\nconn.recv()",
            "for n in toolbox.a():\n    conn.send(n)  # here\nconn.recv()",
            True,
        ),
        # somebody else
        (f"conn.send({BIG})\nconn.recv()", f"conn.send({BIG})  # here", False),
        (
            f"conn.send({BIG})\nconn.recv()",
            f"toolbox.keep(conn)\nconn.send({BIG})  # here\nconn.recv()",
            False,
        ),
        (
            f"conn.send({BIG})\nconn.recv()",
            f"threading.Thread(target=conn.recv).start()\nconn.send({BIG})  # here\nconn.recv()",
            False,
        ),
    ],
)
def test_sends_that_meet(tmp_path: Path, worker: str, main: str, meets: bool) -> None:
    program = small(
        tmp_path,
        f"""
        def work(conn):
            {_lines(worker, 12)}

        def main():
            conn, other = mp.Pipe()
            worker = mp.Process(target=work, args=(other,))
            worker.start()
            {_lines(main, 12)}
        """,
    )
    found = program.program.pipes.meeting(program.operation("here"))
    assert (found is not None) is meets
    if found is not None:
        assert found.worker.name == "work"
        assert (found.other.does, found.late.does) == ("put", "get")


@pytest.mark.parametrize(
    ("queue", "meets"), [("SimpleQueue", True), ("Queue", False), ("Manager().Queue", False)]
)
def test_queues(tmp_path: Path, queue: str, meets: bool) -> None:
    program = small(
        tmp_path,
        f"""
        def work(inbox, outbox):
            outbox.put([0] * 1_000_000)
            inbox.get()

        def main():
            inbox, outbox = mp.{queue}(), mp.{queue}()
            worker = mp.Process(target=work, args=(inbox, outbox))
            worker.start()
            inbox.put([0] * 1_000_000)  # here
            outbox.get()
        """,
    )
    found = program.program.pipes.meeting(program.operation("here"))
    assert (found is not None) is meets


def test_two_workers_are_told_once(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        def left(conn):
            conn.send([0] * 1_000_000)  # left
            conn.recv()

        def right(conn):
            conn.send([0] * 1_000_000)  # right
            conn.recv()

        def main():
            one, other = mp.Pipe()
            mp.Process(target=left, args=(one,)).start()
            mp.Process(target=right, args=(other,)).start()
        """,
    )
    pipes = program.program.pipes
    assert pipes.meeting(program.operation("left")) is not None
    assert pipes.meeting(program.operation("right")) is None


@pytest.mark.parametrize(
    ("item", "big"),
    [
        ("[0] * 1_000_000", True),
        ("list(range(toolbox.a()))", True),
        ("('rows', [row for row in toolbox.a()])", True),
        ("toolbox.a()", False),
        ("('rows', toolbox.a())", False),
        ("(1, 2)", False),
        ("'x'", False),
    ],
)
def test_what_is_seen_to_be_big(tmp_path: Path, item: str, big: bool) -> None:
    program = small(
        tmp_path,
        f"""
        one, other = mp.Pipe()
        one.send({item})  # here
        """,
    )
    assert program.program.draining.is_seen_big(program.operation("here")) is big
