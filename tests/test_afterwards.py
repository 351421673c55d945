"""Processes that are started when the main module has ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

TEMPLATE = """
import atexit
import time
import threading
import multiprocessing as mp
from concurrent.futures import ProcessPoolExecutor

def work(): pass

BODY
"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            """
            def end(): mp.Process(target=work).start()
            if __name__ == "__main__": atexit.register(end)
            """,
            [("exit", ("spawn", "forkserver"))],
        ),
        (
            """
            @atexit.register
            def end(): ProcessPoolExecutor().submit(work)
            """,
            [("exit", ("fork", "spawn", "forkserver"))],
        ),
        (
            """
            def later():
                time.sleep(1)
                mp.Process(target=work).start()
            if __name__ == "__main__": threading.Thread(target=later).start()
            """,
            [("thread", ("spawn", "forkserver"))],
        ),
        # forked; at once; joined; a daemon; the program goes on; only ended
        (
            """
            def end(): mp.get_context("fork").Process(target=work).start()
            if __name__ == "__main__": atexit.register(end)
            """,
            [],
        ),
        (
            """
            def now(): mp.Process(target=work).start()
            if __name__ == "__main__": threading.Thread(target=now).start()
            """,
            [],
        ),
        (
            """
            def later():
                time.sleep(1)
                mp.Process(target=work).start()
            if __name__ == "__main__":
                t = threading.Thread(target=later)
                t.start()
                t.join()
            """,
            [],
        ),
        (
            """
            def later():
                time.sleep(1)
                mp.Process(target=work).start()
            if __name__ == "__main__": threading.Thread(target=later, daemon=True).start()
            """,
            [],
        ),
        (
            """
            import toolbox
            def later():
                time.sleep(1)
                mp.Process(target=work).start()
            if __name__ == "__main__":
                threading.Thread(target=later).start()
                toolbox.serve()
            """,
            [],
        ),
        (
            """
            def end(p): p.terminate()
            if __name__ == "__main__":
                p = mp.Process(target=work)
                p.start()
                atexit.register(end, p)
            """,
            [],
        ),
    ],
)
def test_starts_after_the_end(
    tmp_path: Path, body: str, found: list[tuple[str, tuple[str, ...]]]
) -> None:
    program = small(tmp_path, put_into(TEMPLATE, body))
    late = program.program.afterwards.late_starts(program.path)
    assert [(one.by, one.start_methods) for one in late] == found
