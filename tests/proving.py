"""What the tests of proofs have in common."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from mplint.prove import interpreters
from mplint.prove.run import Spec

PROGRAMS = Path(__file__).parent / "prove_programs"
METHODS = interpreters.ask().start_methods

posix_only = pytest.mark.skipif(os.name != "posix", reason="runs are not locked here")


def spec_of(
    name: str, method: str | None, seconds: float = 30.0, *arguments: str, **environment: str
) -> Spec:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    path = str(PROGRAMS / f"{name}.py")
    return Spec(
        command=(sys.executable, "-B", path, *arguments),
        environment={**kept, **environment},
        source=str(PROGRAMS),
        start_method=method,
        seconds=seconds,
    )


def remains(folder: str) -> list[str]:
    """What there still is of a run: processes with its mark or its name in their command line, its
    folder, and what carries its name in shared memory."""
    name = Path(folder).name
    left = [
        str(path) for path in (Path(folder), *Path("/dev/shm").glob(f"*{name}*")) if path.exists()
    ]
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            words = [*process.cmdline(), process.environ().get("MPLINT_RUN", "")]
        except psutil.Error:
            continue
        if any(name in word for word in words):
            left.append(str(process))
    return left
