"""Starts observers, each of which watches one program, and makes sure that nothing is left when one
of them is killed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path

from mplint.prove import cleanup
from mplint.prove.observation import Observation
from mplint.prove.run import Run, Spec

PACKAGES = Path(__file__).parents[2]
"""The folder that mplint is imported from."""
LATE = 60.0
"""Seconds that an observer gets beyond its program's time, before it counts as broken."""


class Cancelled(Exception):
    """The run was stopped before it was over."""


class Supervisor:
    """Runs programs under observation, several at once if called from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._observers: set[subprocess.Popen[str]] = set()
        self._cancelled = False

    def observe(self, spec: Spec) -> Observation:
        """Runs a program and returns when nothing of it is left. Raises Cancelled."""
        with self._lock:
            if self._cancelled:
                raise Cancelled
            observer = subprocess.Popen(
                [sys.executable, "-m", "mplint.prove.observer"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=PACKAGES,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # out of reach of Ctrl-C, which it learns of from us
            )
            self._observers.add(observer)
        guard = threading.Timer(spec.seconds + LATE, observer.kill)
        guard.start()
        try:
            answer = _talk(observer, spec)
        finally:
            guard.cancel()
            with self._lock:
                self._observers.discard(observer)
            cleanup.clear(Run(Path(spec.folder)), adopted=False)  # if the observer could not
        if self._cancelled:
            raise Cancelled
        try:
            return Observation.from_json(json.loads(answer))
        except ValueError:
            status = observer.returncode
            return Observation("undecided", failure=f"the observer ended with status {status}")

    def cancel(self) -> None:
        """Ends all runs and forbids further ones. Each `observe` returns when it has cleaned up."""
        with self._lock:
            self._cancelled = True
            for observer in self._observers:
                _close_input(observer)


def _talk(observer: subprocess.Popen[str], spec: Spec) -> str:
    assert observer.stdin and observer.stdout and observer.stderr
    with contextlib.suppress(BrokenPipeError, ValueError):  # killed or cancelled so soon
        observer.stdin.write(json.dumps(spec.to_json()) + "\n")
        observer.stdin.flush()
    answer = observer.stdout.read()
    observer.stderr.read()
    _close_input(observer)
    observer.stdout.close()
    observer.stderr.close()
    observer.wait()
    return answer


def _close_input(observer: subprocess.Popen[str]) -> None:
    """The end of its input tells an observer to stop."""
    assert observer.stdin
    with contextlib.suppress(BrokenPipeError, ValueError):
        observer.stdin.close()
