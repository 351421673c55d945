"""What the end of a program waits for."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

OWN = """
    def read(lines):
        lines.get()

    def main(it):
        lines = mp.Queue()
        BODY

    main(toolbox.it)
"""
BIG = "lines.put('x' * 100_000)  # here"


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (BIG, True),
        ("lines.put('x' * 10_000)  # here", False),
        ("lines.put(it)  # here", False),
        ("for n in range(10_000): lines.put(n)  # here", True),
        ("for n in it: lines.put(n)  # here", False),
        (f"lines.put(1)\n{BIG}", True),
        (f"lines.put('x' * 100_000)\n{BIG}", False),  # the first one is told
        (f"(lines if it else mp.Queue()).put('x' * 100_000)\n{BIG}", True),
        (f"{BIG}\nlines.cancel_join_thread()", False),
        (f"{BIG}\nlines.get()", False),
        (f"{BIG}\nmp.Process(target=read, args=(lines,)).start()", False),
        (f"threading.Thread(target=read, args=(lines,)).start()\n{BIG}", False),
        (f"toolbox.a(lines)\n{BIG}", False),
        (f"{BIG}\nos._exit(0)", False),
        (f"{BIG}\nwhile True: toolbox.a()", False),
        (f"while True:\n    {BIG}", False),
        (f"lines = mp.Manager().Queue()\n{BIG}", False),
        (f"lines = mp.SimpleQueue()\n{BIG}", False),
        (f"lines = mp.Queue(3)\n{BIG}", False),
        (f"lines = queue.Queue()\n{BIG}", False),
    ],
)
def test_left_by_the_main_process(tmp_path: Path, body: str, left: bool) -> None:
    program = small(tmp_path, put_into(OWN, body))
    found = program.program.draining.left_at_exit(program.operation("here"))
    assert (found is not None) is left
    assert found is None or (found.worker, found.get) == (None, None)


OTHERS = """
    def work(hits, it):
        WORK

    def read(hits):
        hits.get()

    def main(it):
        hits = mp.Queue()
        worker = mp.Process(target=work, args=(hits, it))
        BODY

    main(toolbox.it)
"""
EACH = "for n in it: hits.put((n, n))"


@pytest.mark.parametrize(
    ("work", "body", "left"),
    [
        (EACH, "worker.start()  # here", "never read"),
        (EACH, "worker.start()  # here\nhits.get()", "read"),
        (EACH, "worker.start()  # here\nfor _ in it: hits.get()", None),
        (EACH, "worker.start()  # here\nwhile True: hits.get()", None),
        (EACH, "worker.start()  # here\nhits.get()\nworker.join()", None),
        (EACH, "worker.start()  # here\nhits.get()\nworker.terminate()", None),
        (EACH, "worker.daemon = True\nworker.start()  # here\nhits.get()", None),
        (EACH, "worker.start()  # here\ntoolbox.a(worker)", None),
        (EACH, "worker.start()  # here\nmp.active_children()", None),
        (EACH, "worker.start()  # here\nmp.Process(target=read, args=(hits,)).start()", None),
        (EACH, "worker.start()  # here\nthreading.Thread(target=read, args=(hits,)).start()", None),
        (EACH, "worker.start()  # here\nwhile True: toolbox.a()", None),
        (EACH, "hits = mp.Queue(3)\nworker = mp.Process(target=work, args=(hits, it))\n"
               "worker.start()  # here", None),
        # how much
        ("hits.put('x' * 100_000)", "worker.start()  # here", "never read"),
        ("hits.put('x' * 100_000)", "worker.start()  # here\nhits.get()", None),
        ("for n in 'ab': hits.put('x' * 100_000)", "worker.start()  # here\nhits.get()", "read"),
        ("for n in 'ab': hits.put('x' * 100_000)",
         "worker.start()  # here\nhits.get(), hits.get()", None),
        ("for n in range(10_000): hits.put(n)", "worker.start()  # here\nhits.get()", "read"),
        ("for n in range(1_000): hits.put((n, it))", "worker.start()  # here\nhits.get()", None),
        ("hits.put(it)", "worker.start()  # here", None),
        # whether all of it
        ("while True: hits.put((it, it))", "worker.start()  # here\nhits.get()", None),
        ("while True: hits.put('x' * 100_000)", "worker.start()  # here", None),
        ("for n in iter(it.get, None): hits.put((n, n))", "jobs = mp.Queue()\n"
         "worker = mp.Process(target=work, args=(hits, jobs))\nworker.start()  # here", None),
        ("hits.put('x' * 100_000)  # here", "worker.start()", None),
        ("while it: hits.put((it, it))", "worker.start()  # here\nhits.get()", None),
        ("for n in it:\n    hits.put((n, n))\n    if n: break", "worker.start()  # here", None),
        ("for n in it:\n    if n: hits.put((n, n))", "worker.start()  # here", None),
        ("hits.cancel_join_thread()\n" + EACH, "worker.start()  # here", None),
        ("for n in iter(hits.get, None): hits.put((n, it))", "worker.start()  # here", None),
    ],
)  # fmt: skip
def test_processes_that_nobody_joins(
    tmp_path: Path, work: str, body: str, left: str | None
) -> None:
    source = put_into(OTHERS.replace("WORK", "BODY", 1), work) if "\n" in work else OTHERS
    program = small(tmp_path, put_into(source.replace("WORK", work), body))
    found = program.program.draining.left_at_exit(program.operation("here"))
    assert (found is not None) is (left is not None)
    if found is not None:
        assert found.worker is not None and found.worker.name == "work"
        assert (found.get is None) is (left == "never read")
