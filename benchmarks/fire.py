"""Does `mplint prove` leave anything behind when it is killed?

Starts `mplint prove` on rules with queues, pools, managers and shared memory, kills it at a random
moment, waits until nothing moves any more, and counts what there still is of that run: processes,
semaphores, shared memory, folders and files.

    python benchmarks/fire.py                         # 200 times
    python benchmarks/fire.py --times 20 --seed 3 MPL512 MPL402

Three times in four the signal goes to mplint alone, and its observers have to clean up; once in
four all of them are killed at once, and that is left to the next `mplint prove`. Ends with 1 when
anything is left after a signal to mplint alone, or after the next `mplint prove`.

Others may prove rules on this machine meanwhile: only what is known to belong to a run of ours is
counted, and nothing is deleted here. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from tables import table

RULES = ("MPL111", "MPL312", "MPL402", "MPL408", "MPL502", "MPL510", "MPL511", "MPL512")
QUICK = ("MPL115", "--start-method", "spawn")
"""The next `mplint prove`, which is to clear up."""
MARK = "MPLINT_FIRE"
HERE = Path(__file__).parent
SHARED = Path("/dev/shm")
RUNS = Path("/tmp")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WEIGHTS = (7, 1, 1, 1)
UNSURE = "folder, perhaps of another"
SETTLED = 60.0
"""Seconds that observers get to clean up; a machine may be busy."""


@dataclass(slots=True)
class Shot:
    """One `mplint prove` that was killed, and what is known to belong to it. `runs` are the folders
    of its runs."""

    mark: str
    what: str
    together: bool
    pids: set[int] = field(default_factory=set)
    runs: set[Path] = field(default_factory=set)
    blocks: set[str] = field(default_factory=set)
    living: int = 0
    said: str = ""

    def learn(self, processes: Iterable[psutil.Process]) -> None:
        """Takes in what these processes have to do with."""
        for process in processes:
            self.pids.add(process.pid)
            with contextlib.suppress(psutil.Error):
                if run := process.environ().get("MPLINT_RUN"):
                    self.runs.add(Path(run))
            with contextlib.suppress(OSError):
                # an observer has the folder of its run open, as its lock
                for opened in Path(f"/proc/{process.pid}/fd").iterdir():
                    with contextlib.suppress(OSError):
                        target = opened.readlink()
                        if target.parent == RUNS and target.name.startswith("mplint-"):
                            self.runs.add(target)
        for run in self.runs:
            with contextlib.suppress(OSError):
                for line in (run / "journal").read_bytes().splitlines():
                    event, pid, _, *rest = line.decode("unicode_escape").split("\t")
                    self.pids.add(int(pid))
                    if event == "block":
                        self.blocks.add(rest[0].lstrip("/"))


def of_run(mark: str) -> list[psutil.Process]:
    """The living processes that carry a mark."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            ours = process.environ().get(MARK) == mark
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def is_observer(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "mplint.prove.observer" in process.cmdline()
    return False


def things(scratch: Path) -> set[Path]:
    """What there is where runs leave things, theirs or anybody's."""
    places = ((RUNS, "mplint-*"), (SHARED, "*"), (scratch, "*"))
    return {path for folder, pattern in places for path in folder.glob(pattern)}


def left(shot: Shot, before: set[Path], scratch: Path) -> dict[str, list[str]]:
    """What there is of a run, by kind."""
    found: dict[str, list[str]] = {}
    for process in of_run(shot.mark):
        with contextlib.suppress(psutil.Error):
            shown = f"{process.pid} {' '.join(process.cmdline())[:100]}"
            found.setdefault("process", []).append(shown)
    names = tuple(run.name for run in shot.runs)
    memory = tuple(f"pym-{pid}-" for pid in shot.pids)  # of values and arrays
    for path in sorted(things(scratch) - before):
        kind = ""
        if path.parent == scratch:
            kind = "temporary file"
        elif path.parent == RUNS:
            if path in shot.runs:
                kind = "folder"
            elif is_dead(path):
                kind = UNSURE
        elif any(name in path.name for name in names):
            kind = "semaphore"
        elif path.name in shot.blocks or path.name.startswith(memory):
            kind = "shared memory"
        if kind:
            found.setdefault(kind, []).append(str(path))
    return found


def is_dead(run: Path) -> bool:
    """Whether nobody holds the folder of a run any more."""
    try:
        opened = os.open(run, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(opened)
    return True


def environment(mark: str, scratch: Path) -> dict[str, str]:
    return {**os.environ, MARK: mark, "TMPDIR": str(scratch)}


def start(arguments: Sequence[str], mark: str, scratch: Path) -> subprocess.Popen[bytes]:
    with (scratch.parent / "said").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "mplint", "prove", *arguments],
            env=environment(mark, scratch),
            cwd=HERE,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )


def shoot(arguments: Sequence[str], chance: random.Random, longest: float, scratch: Path) -> Shot:
    """Starts a run and kills it; returns when all has settled."""
    together = chance.random() < 0.25
    number = signal.SIGKILL if together else chance.choices(SIGNALS, WEIGHTS)[0]
    shot = Shot(uuid.uuid4().hex, number.name + (" to all" if together else ""), together)
    process = start(arguments, shot.mark, scratch)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(chance.uniform(0, longest))
    if process.returncode is not None:
        shot.what = "ended before"
    else:
        mplint = psutil.Process(process.pid)
        mplint.suspend()  # so that it begins nothing while we look
        children = mplint.children(recursive=True)
        observers = [child for child in mplint.children() if is_observer(child)]
        if together:
            for one in observers:
                with contextlib.suppress(psutil.Error):
                    one.suspend()
        shot.living = len(children)
        shot.learn(children)
        process.send_signal(number)
        if together:
            for one in observers:
                with contextlib.suppress(psutil.Error):
                    one.kill()
        with contextlib.suppress(psutil.Error):
            mplint.resume()
    settle(shot, process)
    shot.said = (scratch.parent / "said").read_text(errors="replace")
    return shot


def settle(shot: Shot, process: subprocess.Popen[bytes]) -> None:
    """Waits for mplint and its observers, and for what these end."""

    def over() -> bool:
        living = of_run(shot.mark)
        shot.learn(living)
        ended = process.poll() is not None
        busy = any(map(is_observer, living)) if shot.together else bool(living)
        return ended and not busy

    wait(over)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1)


def wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SETTLED
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)


def next_run(scratch: Path) -> None:
    start(QUICK, "next", scratch).wait()


def fire(options: argparse.Namespace, scratch: Path) -> int:
    """Kills as often as asked for; returns how often something was left that should not be."""
    chance = random.Random(options.seed)
    arguments = [*options.rules, "--jobs", str(options.jobs)]
    began = time.monotonic()
    start(arguments, "first", scratch).wait()
    longest = time.monotonic() - began
    print(f"A run that is left alone takes {longest:.1f} seconds.", flush=True)
    shots: Counter[str] = Counter()
    first: dict[str, Counter[str]] = defaultdict(Counter)
    second: dict[str, Counter[str]] = defaultdict(Counter)
    bad = 0
    for number in range(1, options.times + 1):
        before = things(scratch)
        shot = shoot(arguments, chance, longest, scratch)
        at_once = left(shot, before, scratch)
        later: dict[str, list[str]] = {}
        if at_once:
            next_run(scratch)
            later = left(shot, before, scratch)
        wrong = later.keys() | (set() if shot.together else at_once.keys())
        bad += bool(wrong - {UNSURE})
        shots[shot.what] += 1
        for counts, found in ((first, at_once), (second, later)):
            counts[shot.what].update({kind: len(which) for kind, which in found.items()})
        if options.verbose or wrong:
            print(f"{number}: {shot.what}, {shot.living} processes", flush=True)
            print(f"  left: {at_once}\n  after the next run: {later}", flush=True)
        if "Traceback" in shot.said:
            print(f"{number}: {shot.what} says\n{shot.said}", flush=True)
    rows = [
        [what, str(times), listed(first[what]), listed(second[what])]
        for what, times in sorted(shots.items())
    ]
    print(table(("killed by", "times", "left", "left after the next run"), rows, left=4))
    return bad


def listed(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items())) or "nothing"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rules", nargs="*", default=RULES, metavar="RULE")
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=3, help="programs that run at a time")
    parser.add_argument("--verbose", action="store_true", help="tell what was left each time")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "t"
        scratch.mkdir()
        bad = fire(options, scratch)
    print(f"{options.times} times killed, {bad} times something was left that should not be.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
