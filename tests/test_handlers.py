"""Whether terminate() ends a process that was forked with its parent's handlers."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import small


@pytest.mark.parametrize(
    ("handler", "before", "work", "deaf"),
    [
        ("def handle(n, f): print(n)", "signal.signal(signal.SIGTERM, handle)", "pass", True),
        ("", "signal.signal(signal.SIGTERM, signal.SIG_IGN)", "pass", True),
        ("", "signal.signal(signal.SIGTERM, signal.SIG_DFL)", "pass", False),
        ("", "signal.signal(signal.SIGINT, signal.SIG_IGN)", "pass", False),
        ("def handle(n, f): sys.exit()", "signal.signal(signal.SIGTERM, handle)", "pass", False),
        ("def handle(n, f): toolbox.f()", "signal.signal(signal.SIGTERM, handle)", "pass", False),
        ("def handle(n, f): stop.set()", "signal.signal(signal.SIGTERM, handle)", "pass", False),
        (
            "def handle(n, f): pass",
            "signal.signal(signal.SIGTERM, handle)",
            "signal.signal(signal.SIGTERM, signal.SIG_DFL)",
            False,
        ),
        ("def handle(n, f): pass", "signal.signal(signal.SIGTERM, unknown)", "pass", False),
    ],
)
def test_terminate(tmp_path: Path, handler: str, before: str, work: str, deaf: bool) -> None:
    program = small(
        tmp_path,
        f"""
        import signal
        stop = mp.Event()
        {handler}
        def work(): {work}
        def main():
            {before}
            p = mp.Process(target=work)
            p.start()
            p.terminate()  # here
        """,
    )
    found = program.program.inherited.deaf(program.operation("here"))
    assert (found is not None) is deaf
