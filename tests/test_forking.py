"""The questions about what is missing after a fork, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

LOCKS = """
lock, other, items = threading.Lock(), threading.Lock(), mp.Lock()

def refresh():
    with lock:
        print("refreshed")

def helper():
    with lock:
        print("working")

def work():
    helper()

def beside():
    with other:
        print("beside")

def patient():
    lock.acquire(timeout=1)

def own():
    mine = threading.Lock()
    with mine:
        print("working")

def start_thread():
    threading.Thread(target=refresh).start()

def start_and_join():
    thread = threading.Thread(target=refresh)
    thread.start()
    thread.join()

def main(flag):
    thread = threading.Thread(target=refresh)
    BODY

if __name__ == "__main__":
    main(sys.argv)
"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("thread.start()\nmp.Process(target=work).start()", True),
        ("thread.start()\nmp.Pool(initializer=work)", True),
        ("start_thread()\nmp.Process(target=work).start()", True),
        ("[t.start() for t in [thread]]\nmp.Process(target=work).start()", True),
        ("mp.Process(target=work).start()\nthread.start()", False),
        ("thread.start()\nthread.join()\nmp.Process(target=work).start()", False),
        ("start_and_join()\nmp.Process(target=work).start()", False),
        ("if flag: thread.start()\nmp.Process(target=work).start()", False),
        ("thread.start()\nmp.Process(target=beside).start()", False),
        ("thread.start()\nmp.Process(target=patient).start()", False),
        ("thread.start()\nmp.Process(target=own).start()", False),
        ("thread.start()\nmp.get_context('spawn').Process(target=work).start()", False),
        ("thread.start()\nmp.get_context('fork').Process(target=work).start()", True),
        ("thread.start()\nthreading.Thread(target=work).start()", False),
    ],
)
def test_locks_that_a_thread_may_hold(tmp_path: Path, body: str, found: bool) -> None:
    program = small(tmp_path, put_into(LOCKS, body)).program
    forks = [fork for starts in program.startup.starts.values() for fork in starts]
    answers = [program.forking.left_locked(fork.activation, fork.at) for fork in forks]
    assert any(answers) is found


POOLS = """
from concurrent.futures import ThreadPoolExecutor

threads = ThreadPoolExecutor()

def size(text):
    return len(text)

def work():
    threads.submit(size, "four")  # here

def own():
    with ThreadPoolExecutor() as mine:
        mine.submit(size, "four")

def main():
    BODY

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("threads.submit(size, 'a')\nmp.Process(target=work).start()", True),
        ("list(threads.map(size, 'a'))\nmp.Process(target=work).start()", True),
        ("mp.Process(target=work).start()\nthreads.submit(size, 'a')", False),
        ("mp.Process(target=work).start()", False),
        ("threads.submit(size, 'a')\nthreads.shutdown()\nmp.Process(target=work).start()", False),
        ("threads.submit(size, 'a')\nmp.get_context('spawn').Process(target=work).start()", False),
        ("threads.submit(size, 'a')\nwork()", False),
        ("threads.submit(size, 'a')\nmp.Process(target=own).start()", False),
    ],
)
def test_thread_pools_without_threads(tmp_path: Path, body: str, found: bool) -> None:
    program = small(tmp_path, put_into(POOLS, body)).program
    answers = [program.forking.orphaned(operation) for operation in program.operations]
    assert any(answers) is found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("thread.start()\nmp.Process(target=print).start()\nthread.join()", True),
        ("thread.start()", True),  # it may run on for long
        ("thread.start()\nthread.join()\nmp.Process(target=print).start()", False),
        ("with ThreadPoolExecutor() as pool:\n    pool.submit(len, 'a')", False),
        ("with ThreadPoolExecutor() as pool:\n    pool.submit(len, 'a')\n    mp.Pool(2)", True),
        ("with ThreadPoolExecutor() as pool:\n    pool.submit(len, 'a')\n    make()", True),
        ("mp.Process(target=print).start()", False),
    ],
)
def test_threads_beside_forks(tmp_path: Path, body: str, found: bool) -> None:
    template = """
    from concurrent.futures import ThreadPoolExecutor

    def make():
        return mp.Pool(2)

    def main():
        thread = threading.Thread(target=print)
        BODY
    """
    program = small(tmp_path, put_into(template, body))
    assert bool(program.program.forking.thread_beside_forks(program.path)) is found


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("mp.Process(target=print).start()\nbegin()", False),  # the thread comes after
        ("begin()\nmp.Process(target=print).start()", True),
        ("for _ in range(2):\n    mp.Process(target=print).start()\n    begin()", True),
    ],
)
def test_threads_that_run_on(tmp_path: Path, lines: str, found: bool) -> None:
    source = f"def begin():\n    threading.Thread(target=print).start()\n\n{lines}"
    program = small(tmp_path, source)
    assert bool(program.program.forking.thread_beside_forks(program.path)) is found
