"""mplint on a terminal, and where output ends: colour, progress, streams that are closed."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from conftest import HANG, script, spawn
from running import CONCISE, ONE, Mplint, Write

from mplint.frontends.output import FORMATS


def on_terminal(*arguments: object, env: dict[str, str] | None = None) -> str:
    """What a program writes to a terminal, standard output and error together."""
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_COLOR")}
    environment |= {"TERM": "xterm-256color", "COLUMNS": "100"} | (env or {})
    process = subprocess.Popen(
        [str(argument) for argument in arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # Linux's way to say that it was the end
            break
        if not read:
            break
        written += read
    os.close(ours)
    process.wait(60)
    return written.decode().replace("\r\n", "\n")


COLOURED = re.compile(r"\x1b\[[0-9;]*3[1-7][0-9;]*m")


def test_colour(write: Write, mplint: Mplint) -> None:
    write("a.py")
    command = (script("mplint"), "check", ONE)
    shown = on_terminal(*command)
    assert COLOURED.search(shown)
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == mplint("check", ONE).out
    assert not COLOURED.search(on_terminal(*command, env={"NO_COLOR": "1"}))
    assert "\x1b" not in on_terminal(*command, env={"TERM": "dumb"})
    assert "\x1b" not in spawn(*command).out
    assert COLOURED.search(spawn(*command, env={**os.environ, "FORCE_COLOR": "1"}).out)
    for other in ("concise", "json", "github"):
        assert "\x1b" not in on_terminal(*command, f"--output-format={other}")
    assert COLOURED.search(on_terminal(script("mplint"), "rules"))
    assert "\x1b" in on_terminal(script("mplint"), "explain", "MPL114")


def test_progress(write: Write) -> None:
    for number in range(100):
        write(f"program_{number}.py")
    command = (script("mplint"), "check", ONE, "--statistics", "--jobs=1")
    assert "Analysing" in on_terminal(*command)
    assert "Analysing" not in on_terminal(*command, "--quiet")
    ran = spawn(*command)
    assert (ran.out.split()[:2], ran.err) == (["100", "MPL114"], "")


def test_reader_that_leaves(write: Write) -> None:
    write("a.py", HANG + "queue.get(5)\n" * 3000)
    command = f"{script('mplint')} check {ONE} {CONCISE} | head -n 1"
    ran = spawn("sh", "-c", command)
    assert (len(ran.lines), ran.err) == (1, "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(write: Write, closed: str) -> None:
    write("a.py")
    command = f"{shlex.quote(script('mplint'))} check {ONE} --jobs=1 {closed}"
    assert spawn("sh", "-c", command).status == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_full_disk(write: Write) -> None:
    write("a.py")
    command = f"{shlex.quote(script('mplint'))} check {ONE} --jobs=1 >/dev/full"
    ran = spawn("sh", "-c", command)
    assert ran.status == 2
    assert ran.err == "mplint: the output cannot be written: No space left on device\n"


def test_output_that_cannot_be_encoded(write: Write) -> None:
    write("ä.py", "from multiprocessing import Queue\nq = Queue()\nq.get(5), '漢字'\n")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for name in FORMATS:
        ran = spawn(*(script("mplint"), "check", ONE, f"--output-format={name}"), env=environment)
        assert (ran.status, ran.err) == (1, "")
