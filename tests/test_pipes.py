"""Who holds which end of a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

READING = """
    def work(writer):
        writer.send(1)

    def main():
        reader, writer = mp.Pipe(False)
        worker = mp.Process(target=work, args=(writer,))
        worker.start()
        BODY
    """

LOOP = """
while True:
    try:
        item = reader.recv()  # here
        {}
    except EOFError:
        break
"""


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (LOOP.format("pass"), True),
        (LOOP.format("print(item)") + "writer.close()", True),
        ("writer.close()" + LOOP.format("pass"), False),
        ("del writer" + LOOP.format("pass"), False),
        (LOOP.format("if item is None: break"), False),
        (LOOP.format("worker.is_alive()"), False),
        ("item = reader.recv()  # here", False),
        ("while reader.poll(1):\n    reader.recv()  # here", False),
        ("toolbox.keep(writer)" + LOOP.format("pass"), False),
    ],
)
def test_a_parent_keeps_the_other_end(tmp_path: Path, body: str, kept: bool) -> None:
    program = small(tmp_path, put_into(READING, body))
    found = program.program.pipes.kept_open(program.operation("here"))
    assert (found is not None) is kept


@pytest.mark.parametrize(
    ("args", "before", "method", "methods"),
    [
        ("reader, None", "", "fork", ("fork",)),
        ("reader, None", "", "spawn", None),
        ("reader, writer", "", "spawn", ("fork", "spawn", "forkserver")),
        ("reader, None", "writer.close()", "fork", None),
    ],
)
def test_a_child_keeps_the_other_end(
    tmp_path: Path, args: str, before: str, method: str, methods: tuple[str, ...] | None
) -> None:
    program = small(
        tmp_path,
        f"""
        def read(reader, writer):
            while True:
                try:
                    reader.recv()  # here
                except EOFError:
                    break

        def main():
            context = mp.get_context("{method}")
            reader, writer = context.Pipe(False)
            worker = context.Process(target=read, args=({args}))
            {before}
            worker.start()
            writer.close()
        """,
    )
    found = program.program.pipes.kept_open(program.operation("here"))
    assert (found.start_methods if found is not None else None) == methods


@pytest.mark.parametrize("pipe", ["one, other = mp.Pipe()", "other, one = mp.Pipe(False)"])
def test_the_channel_of_each_end(tmp_path: Path, pipe: str) -> None:
    """A pipe has a channel in each direction: that of a send is the one it goes into."""
    program = small(
        tmp_path,
        f"""
        def work(other):
            other.recv()  # get

        def main():
            {pipe}
            mp.Process(target=work, args=(other,)).start()
            one.send(1)  # put
        """,
    )
    put, get = program.operation("put"), program.operation("get")
    sent, taken = (program.program.waiting.channel_of(each) for each in (put, get))
    assert sent is not None and taken is not None
    assert sent.puts == taken.puts == [put]
    assert sent.gets == taken.gets == [get]
