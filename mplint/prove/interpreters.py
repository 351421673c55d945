"""The Python interpreters that programs are run on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from mplint.diagnostics import START_METHODS
from mplint.prove import ProveError

_QUESTION = """
import json, multiprocessing, platform, sys
print(json.dumps([
    platform.python_implementation(),
    platform.python_version(),
    list(sys.version_info[:2]),
    multiprocessing.get_all_start_methods(),
]))
"""
OLDEST = (3, 8)
"""The first version that programs can be watched on."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter that runs: where, which, and the start methods that it has."""

    path: str
    implementation: str
    version: str
    start_methods: tuple[str, ...]

    @property
    def name(self) -> str:
        """As in `CPython 3.11.7`."""
        return f"{self.implementation} {self.version}"


def ask(python: str | None = None) -> Interpreter:
    """Asks an interpreter what it is: a path, a name to be found on PATH, or None for the one that
    runs. Raises ProveError, with its name, when it does not answer."""
    path = sys.executable if python is None else shutil.which(python)
    if path is None:
        raise ProveError(f"--python {python}: there is no such program")
    try:
        answer = subprocess.run(
            [path, "-I", "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        implementation, version, number, methods = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise ProveError(f"--python {path}: it does not run as a Python") from error
    if tuple(number) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ProveError(f"--python {path}: {version} is too old, it takes {oldest} at least")
    ordered = tuple(method for method in START_METHODS if method in methods)
    # programs work in folders of their own, where a relative path would lead astray
    return Interpreter(os.path.abspath(path), implementation, version, ordered)
