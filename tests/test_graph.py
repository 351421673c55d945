"""`mplint graph`: who starts whom and what connects them, as text and as a picture."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from conftest import PLAIN, Ran, spawn
from running import Mplint, Write

WORKERS = """\
from multiprocessing import Lock, Pipe, Pool, Process, Queue

from tasks import square


class Reader(Process):
    def __init__(self, jobs):
        super().__init__(daemon=True)
        self.jobs = jobs

    def run(self):
        while True:
            if self.jobs.get() is None:
                break


def count(end, lock):
    with lock:
        end.send(1)


def main():
    jobs = Queue(5)
    readers = [Reader(jobs) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in readers:
        jobs.put(None)
    for reader in readers:
        reader.join()
    here, there = Pipe()
    lock = Lock()
    counter = Process(target=count, args=(there, lock))
    counter.start()
    print(here.recv())
    with Pool(4) as pool:
        print(pool.map(square, [1, 2]))


if __name__ == "__main__":
    main()
"""


DRAWN = """\
processes
  main
  Reader x 3: process (daemon)
    made        a.py:24 by main
    started     a.py:26
    joined      a.py:30
  count: process
    made        a.py:33 by main
    started     a.py:34
    joined      nowhere that is seen
  square: tasks of a pool
    pool made   a.py:36
    handed over a.py:37 by main

channels
  Queue made a.py:23, room for 5
    put by main: a.py:28, waits without a timeout
    get by Reader: a.py:13, waits without a timeout
  Pipe made a.py:31
    send on end 2 by count: a.py:19
    recv on end 1 by main: a.py:35, waits without a timeout

pools
  Pool made a.py:36, 4 workers
    terminate by main: a.py:36
    map       by main: a.py:37, waits without a timeout

locks and shared values
  Lock made a.py:32
    acquire by count: a.py:18, waits without a timeout
    release by count: a.py:18
"""


@pytest.fixture
def workers(write: Write) -> Path:
    write("tasks.py", "def square(number):\n    return number * number\n")
    return write("a.py", WORKERS)


def test_graph(workers: Path, write: Write, mplint: Mplint) -> None:
    write("plain.py", PLAIN)
    assert mplint("graph") == Ran(0, DRAWN, "")
    # what belongs to the program is shown, whichever of its files is named
    assert mplint("graph", "a.py").out == DRAWN
    assert mplint("graph", "tasks.py").out == DRAWN
    assert mplint("graph", "plain.py").out.startswith("There are no processes")


def test_graph_of_a_script_that_only_starts_others(
    workers: Path, write: Write, mplint: Mplint
) -> None:
    write("main.py", "import a\n\na.main()\n")
    assert mplint("graph", "main.py").out == DRAWN


def test_graph_of_several_programs(workers: Path, write: Write, mplint: Mplint) -> None:
    write("b.py")
    drawn = mplint("graph").out
    assert re.findall("^== .* ==$", drawn, re.MULTILINE) == ["== a.py ==", "== b.py =="]
    graphs = json.loads(mplint("graph", "--format=json").out)
    assert [graph["files"] for graph in graphs] == [["a.py"], ["b.py"]]
    assert [node["count"] for node in graphs[0]["processes"]] == ["1", "3", "1", "?"]
    queue = graphs[1]["channels"][0]
    assert (queue["kind"], queue["made"], queue["bound"]) == ("Queue", "b.py:3", "none")
    assert [(use["process"], use["sort"], use["place"]) for use in queue["uses"]] == [
        ("main", "put", "b.py:4"),
        ("main", "get", "b.py:5"),
    ]


def test_graph_as_picture(workers: Path, write: Write, mplint: Mplint) -> None:
    """Every line is one of those that the languages have, and names what has been defined."""
    workers.rename('"a".py')
    for format_, (node, arrow, heading) in {
        "dot": (
            r'(\w+) \[shape=\w+, label="(?:[^"\\]|\\.)*"\];',
            r'(\w+) -> (\w+) \[(?:style=dashed, )?label="\w+"\];',
            r'subgraph \w+ \{|label="(?:[^"\\]|\\.)*";|\}|rankdir=LR;|digraph mplint \{',
        ),
        "mermaid": (
            r'(\w+)(?:\["[^"`]*"\]|\(\["[^"`]*"\]\))',
            r'(\w+) -\.?->\|"\w+"\| (\w+)',
            r'subgraph \w+\["[^"`]*"\]|end|flowchart LR',
        ),
    }.items():
        for several in (False, True):
            if several:
                write("b/<b>.py")
            lines = mplint("graph", f"--format={format_}").out.splitlines()
            defined, ends = set(), set()
            for line in map(str.strip, lines):
                if found := re.fullmatch(node, line):
                    defined.add(found[1])
                elif found := re.fullmatch(arrow, line):
                    ends |= {*found.groups()}
                else:
                    assert re.fullmatch(heading, line), line
            assert ends and ends <= defined
            assert any("subgraph" in line for line in lines) == several
        (folder := Path("b/<b>.py")).unlink()
        folder.parent.rmdir()


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graph_is_read_by_graphviz(workers: Path, write: Write, mplint: Mplint) -> None:
    workers.rename('"a".py')
    write("b.py")
    drawn = mplint("graph", "--format=dot").out
    ran = spawn("dot", "-Tsvg", stdin=drawn.encode())
    assert (ran.status, ran.err) == (0, "")


def test_graph_goes_on(
    workers: Path, write: Write, mplint: Mplint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file or a program that fails is one message, and the others are drawn."""
    write("b.py", "from multiprocessing import Pool; Pool\n)\n")
    write("c.py", b"\xff")
    ran = mplint("graph", os.curdir, "d.py")
    assert (ran.status, ran.out) == (2, DRAWN)
    assert [line.split(":")[1] for line in ran.err.splitlines()] == [" d.py", " b.py", " c.py"]

    from mplint.frontends import graph

    def draw(program: object, locate: object) -> None:
        raise ValueError("oh")

    monkeypatch.setattr(graph, "draw", draw)
    ran = mplint("graph", "a.py")
    assert ran.status == 2
    assert "a.py: mplint failed on this program: ValueError: oh" in ran.err
