"""Watches one program from its start to its end, and leaves nothing of it behind.

A program of its own, `python -m mplint.prove.observer`: it reads a `Spec` as one line of JSON from
its standard input, and writes an `Observation` as JSON when it is done. When its standard input
ends before, whoever started it is gone: then, as on SIGINT and SIGTERM, it stops and cleans up.

It knows nothing of rules, and nothing of who wrote the program.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

import psutil

from mplint.prove import cleanup, kernel, tracebacks
from mplint.prove.observation import Ending, Kind, Left, Observation, ProcessSeen, Stack
from mplint.prove.output import Output
from mplint.prove.processes import Family, command_line, helper, reap
from mplint.prove.run import Journal, Run, Spec
from mplint.prove.stacks import Asker
from mplint.prove.watch import Hang, Watch

GRACE = 3.0
"""Seconds that processes which do nothing get to end once the main process has ended."""
TICK = 0.02

STOPS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class Stop:
    """Whether the observer was told to stop. A plain flag, which a signal handler may set."""

    asked = False

    def ask(self, *_: object) -> None:
        self.asked = True

    def watch_input(self) -> None:
        """Returns at the end of standard input. Past `sys.stdin`, whose lock a thread that still
        waits here at the end would hold."""
        while os.read(0, 4096):
            pass
        self.asked = True


class Observer:
    """One run of one program."""

    def __init__(self, spec: Spec, stop: Stop) -> None:
        self._spec = spec
        self._stop = stop
        self._run = Run(Path(spec.folder))
        self._statuses: dict[int, int] = {}

    def observe(self) -> Observation:
        """Runs the program until it has ended, is seen to hang, or its time is over, and then
        removes what is left of it. Raises OSError when it cannot be started."""
        try:
            self._run.make()
            self._stdout = Output(self._run.folder / "stdout")
            self._stderr = Output(self._run.folder / "stderr")
            return self._observe()
        finally:
            cleanup.clear(self._run, adopted=True)

    def _observe(self) -> Observation:
        started = self._started = time.monotonic()
        self._program = self._start()
        main = psutil.Process(self._program.pid)
        self._journal = Journal(self._run)
        self._journal.begin(main.pid)
        self._family = Family(self._journal, main)
        asker = Asker(self._run, self._journal, self._spec.source)
        ending, hang = self._until_over(Watch(self._family, asker, self._pause))
        seconds = time.monotonic() - started
        stacks: Mapping[psutil.Process, tuple[Stack, ...]] = hang.stacks if hang else {}
        if ending == "undecided":
            stacks = asker.ask(self._family.living(), all_threads=False)
        processes = self._processes(stacks)
        stderr = self._stderr.text()
        return Observation(
            ending=ending,
            exit_status=self._program.returncode,
            seconds=round(seconds, 2),
            processes=processes,
            replaced=hang.replaced if hang else 0,
            errors=tracebacks.find(stderr, main_failed=self._program.returncode == 1),
            left=tuple(self._left(processes)) if ending == "ended" else (),
            stdout=self._stdout.text(),
            stderr=stderr,
        )

    def _start(self) -> subprocess.Popen[bytes]:
        _no_core_files()
        return subprocess.Popen(
            self._spec.command,
            stdin=subprocess.DEVNULL,
            stdout=self._stdout.descriptor,
            stderr=self._stderr.descriptor,
            cwd=self._run.work,
            env=self._run.environment(self._spec.environment, self._spec.start_method),
            start_new_session=True,
        )

    def _pause(self, seconds: float) -> bool:
        """Waits, and looks after the program meanwhile. False when the watching should stop, or
        the main process has just ended."""
        until = time.monotonic() + seconds
        ran = self._program.returncode is None
        self._statuses.update(reap(self._program.pid))
        while True:
            self._stdout.bound()
            self._stderr.bound()
            if self._stop.asked or (ran and self._program.poll() is not None):
                return False
            rest = until - time.monotonic()
            if rest <= 0:
                return True
            time.sleep(min(rest, TICK))

    def _until_over(self, watch: Watch) -> tuple[Ending, Hang | None]:
        while self._program.poll() is None:
            if self._stop.asked:
                return "stopped", None
            if time.monotonic() - self._started > self._spec.seconds:
                return "undecided", None
            hang = watch.round()
            if hang is not None and self._program.poll() is None:
                return "hangs", hang
        return self._linger(watch)

    def _linger(self, watch: Watch) -> tuple[Ending, Hang | None]:
        """Gives the other processes time to end after the main one, unless they are blocked."""
        ended = time.monotonic()
        hang: Hang | None = None
        while not self._stop.asked and hang is None:
            living = self._family.living()
            now = time.monotonic()
            if not living or (now - ended > GRACE and now - self._started > self._spec.seconds):
                break
            # on a busy machine a process may need long to do the little that is left to do
            if now - ended > GRACE and not any(map(kernel.runs, living)):
                break
            if all(helper(kind) for kind in living.values()):
                self._pause(TICK)
            else:
                hang = watch.round()
        return ("stopped" if self._stop.asked else "ended"), hang

    def _processes(
        self, stacks: Mapping[psutil.Process, tuple[Stack, ...]]
    ) -> tuple[ProcessSeen, ...]:
        """Those that live, with what they are doing, and those that have ended."""
        living = {process.pid: (process, kind) for process, kind in self._family.living().items()}
        ended = [noted.pid for noted in self._journal.noted if noted.pid not in living]
        seen = []
        for pid in dict.fromkeys([self._program.pid, *living, *ended[:MOST]]):
            process, kind = living.get(pid) or (None, self._family.kind_of(pid))
            noted = self._journal.by_pid.get(pid)
            status = noted.status if noted else None
            seen.append(
                ProcessSeen(
                    pid=pid,
                    parent=noted.parent if noted else 0,
                    name=_name(process, kind, noted.name if noted else "") or f"process {pid}",
                    kind=kind,
                    alive=process is not None,
                    exit_status=self._program.returncode
                    if kind == "main"
                    else self._statuses.get(pid, status),
                    stacks=stacks.get(process, ()) if process else (),
                )
            )
        return tuple(seen)

    def _left(self, processes: tuple[ProcessSeen, ...]) -> list[Left]:
        """What is left of a program that has ended. While a process lives, its memory, semaphores
        and files are in use."""
        alive = [process for process in processes if process.alive]
        if alive:
            return [Left("process", process.name) for process in alive]
        return [
            *cleanup.left_shared(self._run, self._journal),
            *cleanup.left_to_tracker(self._stderr.text()),
            *cleanup.left_files(self._run),
        ]


MOST = 100
"""So many ended processes are told of."""


def _name(process: psutil.Process | None, kind: Kind, name: str) -> str:
    """How to call a process; empty when nothing is known of it."""
    if kind in ("child", "other"):
        return name or (command_line(process)[:60] if process else "")
    return kind


def _no_core_files() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (ImportError, ValueError, OSError):
        pass


def _adopt_orphans() -> None:
    """Has orphaned descendants come back to this process instead of getting lost (Linux)."""
    if sys.platform != "linux":
        return
    import ctypes

    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def main() -> int:
    stop = Stop()
    for number in STOPS:
        signal.signal(number, stop.ask)
    _adopt_orphans()
    line = sys.stdin.readline()
    if not line:
        return 0
    threading.Thread(target=stop.watch_input, daemon=True).start()
    try:
        observation = Observer(Spec.from_json(json.loads(line)), stop).observe()
    except OSError as error:
        observation = Observation("undecided", failure=str(error))
    except Exception:
        observation = Observation("undecided", failure=traceback.format_exc())
    try:
        print(json.dumps(observation.to_json()), flush=True)
    except BrokenPipeError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
