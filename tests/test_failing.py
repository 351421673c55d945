"""Workers that fail before they have done what others wait for: who waits for them by then."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from samples import PRODUCER
from small import put_into, small

CHAIN = """
def take(jobs):
    jobs.get()  # wait

def feed():
    jobs = mp.Queue()
    BODY

def idle():
    print(1)

def other(jobs):
    mp.Process(target=take, args=(jobs,)).start()

def main():
    mp.Process(target=feed).start()
    PARENT

main()
"""

START = "mp.Process(target=take, args=(jobs,)).start()"


@pytest.mark.parametrize(
    ("body", "starved"),
    [
        (f"{START}\ntoolbox.load()\njobs.put(1)", True),
        (f"toolbox.load()\n{START}\njobs.put(1)", False),
        (f"toolbox.load()\njobs.put(1)\n{START}", False),
        (f"jobs.put(toolbox.load())\n{START}", False),
        (f"if toolbox.load():\n    jobs.put(1)\n{START}\ntoolbox.load()\njobs.put(1)", True),
        (f"try:\n    toolbox.load()\nexcept OSError:\n    pass\n{START}\njobs.put(1)", False),
        (f"for _ in range(3):\n    toolbox.load()\n    {START}\n    jobs.put(1)", False),
        (f"{START}\nfor _ in range(3):\n    toolbox.load()\n    jobs.put(1)", True),
        # somebody else is started, and waits for nothing
        (f"mp.Process(target=idle).start()\ntoolbox.load()\njobs.put(1)\n{START}", False),
        ("toolbox.load()\nother(jobs)\njobs.put(1)", False),
        ("other(jobs)\ntoolbox.load()\njobs.put(1)", True),
    ],
)
def test_nobody_waits_before_it_is_started(tmp_path: Path, body: str, starved: bool) -> None:
    program = small(tmp_path, put_into(CHAIN.replace("PARENT", "pass"), body))
    failure = program.program.waiting.starved(program.operation("wait"))
    assert (failure is not None) is starved


def test_somebody_else_may_have_started_them_before(tmp_path: Path) -> None:
    source = """
    jobs = mp.Queue()

    def take():
        jobs.get()  # wait

    def feed():
        toolbox.load()
        START
        jobs.put(1)

    def main():
        mp.Process(target=feed).start()
        PARENT

    main()
    """
    start = "mp.Process(target=take).start()"
    for parent, starved in ((start, True), ("pass", False)):
        folder = tmp_path / parent[:2]
        folder.mkdir()
        program = small(folder, source.replace("PARENT", parent).replace("START", start))
        failure = program.program.waiting.starved(program.operation("wait"))
        assert (failure is not None) is starved


CAUGHT = """
def work(task, jobs, results):
    BODY

jobs, results = mp.Queue(), mp.Queue()
mp.Process(target=work, args=(toolbox.task(), jobs, results)).start()
jobs.put(1)
results.get()  # wait
"""


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("results.put(task.run())  # run", "run"),
        # what handles an error may fail in its turn: who has written it has thought of failures
        (
            "try:\n    task.run()  # run\nexcept Exception:\n    print(task.name())  # name\n"
            "results.put(1)",
            None,
        ),
        (
            "try:\n    task.run()  # run\nexcept Exception:\n    print(task.name())  # name\n"
            "    raise\nresults.put(1)",
            "run",
        ),
        (
            "try:\n    task.run()  # run\nexcept Exception:\n    print(1)\n"
            "results.put(task.name())  # name",
            "name",
        ),
    ],
)
@pytest.mark.parametrize("before", ["", "jobs.get()\n"])
def test_what_ends_a_worker(tmp_path: Path, before: str, body: str, cause: str | None) -> None:
    program = small(tmp_path, put_into(CAUGHT, before + body))
    failure = program.program.waiting.starved(program.operation("wait"))
    assert (failure is not None) is (cause is not None)
    assert failure is None or (cause is not None and program.is_at(failure.at, cause))


@pytest.mark.parametrize(("before", "starved"), [("", True), ("jobs.get()\n", False)])
def test_an_error_that_is_not_told(tmp_path: Path, before: str, starved: bool) -> None:
    body = "try:\n    task.run()\nexcept Exception:\n    print(1)\n    return\nresults.put(1)"
    program = small(tmp_path, put_into(CAUGHT, before + body))
    failure = program.program.waiting.starved(program.operation("wait"))
    assert (failure is not None) is starved


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("results.put(1)", None),
        ("results.put(1)\ntoolbox.run()", None),
        ("item = 1\nprint(item)\nresults.put(item)", None),
        ("results.put(toolbox.run())", "an error"),
        ("toolbox.run()\nresults.put(1)", "an error"),
        ("toolbox.run()", "an error"),
        ("try:\n    toolbox.run()\nfinally:\n    results.put(1)", None),
        ("try:\n    results.put(toolbox.run())\nexcept Exception:\n    results.put(0)", None),
        ("try:\n    results.put(toolbox.run())\nexcept:\n    results.put(0)", None),
        ("try:\n    results.put(toolbox.run())\nexcept Exception:\n    raise", "an error"),
        ("try:\n    results.put(toolbox.run())\nexcept Exception:\n    pass", "an error"),
        ("try:\n    results.put(toolbox.run())\nexcept KeyError:\n    results.put(0)", None),
        ("try:\n    toolbox.run()\nexcept queue.Empty:\n    pass\nresults.put(0)", "an error"),
        ("try:\n    results.put(toolbox.run())\nexcept toolbox.Error:\n    results.put(0)", None),
        ("raise ValueError('no')", "`ValueError`"),
        ("if toolbox.flag:\n    raise ValueError\nresults.put(1)", "`ValueError`"),
        ("sys.exit(1)\nresults.put(1)", "the exit"),
        ("os._exit(1)\nresults.put(1)", "the exit"),
        ("try:\n    sys.exit(1)\nexcept Exception:\n    results.put(1)", "the exit"),
        ("try:\n    sys.exit(1)\nexcept BaseException:\n    results.put(1)", None),
        ("try:\n    os._exit(1)\nfinally:\n    results.put(1)", "the exit"),
        ("work(results)\nresults.put(1)", None),  # recursive: nothing is known
        ("time.sleep(1)\nresults.put(1)", None),
    ],
)
def test_silent_end(tmp_path: Path, body: str, error: str | None) -> None:
    program = small(tmp_path, put_into(PRODUCER, body))
    failure = program.program.failing.silent_end(program.worker("work"), program.channel("made"))
    assert (failure.what if failure is not None else None) == error


def test_where_a_worker_fails(tmp_path: Path) -> None:
    body = "results.empty()\ntoolbox.run()  # fails\nresults.put(1)"
    program = small(tmp_path, put_into(PRODUCER, body))
    failure = program.program.waiting.starved(program.operation("wait"))
    assert failure is not None
    assert program.is_at(failure.at, "fails")
    assert failure.worker is program.worker("work")


@pytest.mark.parametrize(
    ("decorator", "opaque"),
    [
        (None, False),
        ("functools.lru_cache", False),
        ("toolbox.retry", True),
        ("toolbox.retry(3)", True),
    ],
)
def test_decorators_that_may_catch(tmp_path: Path, decorator: str | None, opaque: bool) -> None:
    source = put_into(PRODUCER, "toolbox.run()\nresults.put(1)")
    if decorator is not None:
        source = source.replace("def work", f"@{decorator}\ndef work")
    program = small(tmp_path, source)
    waiting = program.program.waiting
    [entry] = program.worker("work").entries
    assert program.program.failing.is_opaque(entry) is opaque
    assert (waiting.starved(program.operation("wait")) is None) is opaque


CONSUMER = """
    jobs = mp.Queue(3)  # made

    def work(jobs):
        BODY

    process = mp.Process(target=work, args=(jobs,))
    process.start()
    for job in range(100):
        jobs.put(job)  # put
"""


HANDLED = """
    while True:
        try:
            toolbox.run(jobs.get())
        except Exception:
"""


KNOWN = """
    while True:
        try:
            print({1: 2}[jobs.get()])
        except LookupError:
"""


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("while True:\n    print(jobs.get())", None),
        ("while True:\n    toolbox.run(jobs.get())", "an error"),
        ("for job in iter(jobs.get, None):\n    toolbox.run(job)", "an error"),
        ("try:\n    while 1:\n        toolbox.run(jobs.get())\nexcept Exception:\n    pass", "x"),
        (
            "while True:\n    try:\n        toolbox.run(jobs.get())\n    except Exception:\n"
            "        pass",
            None,
        ),
        (
            "while True:\n    try:\n        toolbox.run(jobs.get())\n    except Exception:\n"
            "        break",
            "x",
        ),
        ("toolbox.prepare()\nwhile True:\n    print(jobs.get())", None),  # nothing taken yet
        ("while True:\n    job = jobs.get()\n    if job is None:\n        break", None),
        ("while True:\n    if jobs.get() == 7:\n        raise KeyError(7)", "`KeyError`"),
        ("while True:\n    if jobs.get() == 7:\n        raise KeyboardInterrupt", None),
        # what handles the error may raise it again, or another one, but may not fail by itself
        (f"{HANDLED}            raise", "an error"),
        (f"{HANDLED}            toolbox.log()\n            raise", "an error"),
        (f"{HANDLED}            raise OSError(1)", "`OSError`"),
        (f"{HANDLED}            toolbox.log()", None),
        (f"{HANDLED}            assert toolbox.log()", "`AssertionError`"),
        (f"{HANDLED}            return toolbox.log()", "x"),
        # where an error of an item is handled, only what somebody foresees ends the worker
        (f"{HANDLED}            continue\n        toolbox.save()", None),
        (f"{HANDLED}            continue\n        raise OSError(1)", "`OSError`"),
        (f"{HANDLED}            if toolbox.careful:\n                raise", "an error"),
        (f"{HANDLED}            return\n        toolbox.save()", "x"),
        (f"{KNOWN}            continue\n        toolbox.save()", "an error"),
    ],
)
def test_early_end(tmp_path: Path, body: str, error: str | None) -> None:
    program = small(tmp_path, put_into(CONSUMER, body))
    worker, channel = program.worker("work"), program.channel("made")
    failure = program.program.failing.early_end(worker, channel)
    if error == "x":  # it does not end by the error itself
        assert failure is not None
    else:
        assert (failure.what if failure is not None else None) == error


def test_a_consumer_whose_decorator_may_catch(tmp_path: Path) -> None:
    body = "while True:\n    toolbox.save(jobs.get())"
    for shield, ends in (("", True), ("@toolbox.shield\n", False)):
        shielded = put_into(CONSUMER, body).replace("def work", f"{shield}def work")
        folder = tmp_path / str(ends)
        folder.mkdir()
        program = small(folder, shielded)
        worker, channel = program.worker("work"), program.channel("made")
        assert bool(program.program.failing.early_end(worker, channel)) is ends


def test_the_statement_that_ends_a_consumer(tmp_path: Path) -> None:
    """Not the one whose error it handles."""
    body = f"{KNOWN}            continue\n        toolbox.save()  # save"
    program = small(tmp_path, put_into(CONSUMER, body))
    failure = program.program.failing.early_end(program.worker("work"), program.channel("made"))
    assert failure is not None
    assert program.is_at(failure.at, "save")


ITEMS = """
    while True:
        job = jobs.get()
        try:
            value = toolbox.run(job)
        HANDLER
        results.put((toolbox.name(job), value))
"""


@pytest.mark.parametrize(
    ("handler", "before", "starved"),
    [
        ("except Exception: value = None", "", False),  # only its name may raise anything
        ("except Exception: value = None", "toolbox.prepare()", True),
        ("except Exception: value = toolbox.name(1)", "", False),
        ("except queue.Empty: value = None", "", True),
        ("except Exception: value = None\n    open('file')", "", True),
        ("except Exception: raise", "", True),
        ("except Exception: break", "", True),
        ("finally: value = 1", "", True),
    ],
)
def test_who_handles_every_error(tmp_path: Path, handler: str, before: str, starved: bool) -> None:
    body = f"{before}\n{dedent(ITEMS).replace('HANDLER', handler)}"
    program = small(tmp_path, put_into(CAUGHT, body))
    failure = program.program.waiting.starved(program.operation("wait"))
    assert (failure is not None) is starved


@pytest.mark.parametrize(
    ("body", "where", "found"),
    [
        ("toolbox.run()", "run", True),
        ("toolbox.run()", "test_run", False),
        ("toolbox.run()", "testbed", True),
        ("assert toolbox.flag", "run", True),
        ("assert toolbox.flag", "test_run", False),
        ("open('file')", "test_run", True),
        ("check(1)", "test_run", True),  # of the same file
    ],
)
def test_in_a_test(tmp_path: Path, body: str, where: str, found: bool) -> None:
    """What nobody foresees is what it is there to find."""
    source = f"""
        def check(number):
            if toolbox.flag: raise ValueError(number)

        def work(results):
            {body}
            results.put(1)

        class Cases:
            def {where}(self):
                results = mp.Queue()
                mp.Process(target=work, args=(results,)).start()
                results.get()  # wait
    """
    program = small(tmp_path, source)
    failure = program.program.waiting.starved(program.operation("wait"))
    assert (failure is not None) is found


@pytest.mark.parametrize(
    ("begin", "starved"),
    [
        ("def main():", True),
        ("def test_main():", False),
        ("def attest():", True),
        ("class TestAll:\n    def run(self):", False),
        ("class Attest:\n    def run(self):", True),
        ("class All:\n    def test_run(self):", False),
        ("def test_all():\n    def run():", False),
    ],
)
def test_a_test_waits_for_what_nobody_foresees(tmp_path: Path, begin: str, starved: bool) -> None:
    deep = "    " * (begin.count("\n") + 1)
    body = (
        "results = mp.Queue()",
        "mp.Process(target=work, args=(results,)).start()",
        "results.get()  # wait",
    )
    source = f"def work(results):\n    results.put(toolbox.load())\n\n{begin}\n"
    source += "".join(f"{deep}{line}\n" for line in body)
    if "def run():" in begin:
        source += "    run()\n"
    program = small(tmp_path, put_into("BODY", source))
    failure = program.program.waiting.starved(program.operation("wait"))
    assert (failure is not None) is starved


DAEMON = """
def work(results):
    results.put(toolbox.load())

def watch(results):
    results.get()  # wait

def main():
    results = mp.Queue()
    mp.Process(target=work, args=(results,)).start()
    watcher = KIND(target=watch, args=(results,), daemon=True)
    watcher.start()
    BODY

main()
"""


@pytest.mark.parametrize("kind", ["mp.Process", "threading.Thread"])
@pytest.mark.parametrize(
    ("body", "excused"),
    [
        ("print(1)", True),
        ("watcher.join()", False),
        ("watcher.join(3)", True),
        ("toolbox.joined(watcher)", True),
    ],
)
def test_a_daemon_that_somebody_joins(tmp_path: Path, kind: str, body: str, excused: bool) -> None:
    program = small(tmp_path, put_into(DAEMON.replace("KIND", kind), body))
    wait = program.operation("wait")
    assert program.program.excuses.in_daemon(wait) is excused
    assert excused or program.program.waiting.starved(wait) is not None


def test_a_daemon_that_is_terminated_before(tmp_path: Path) -> None:
    source = DAEMON.replace("KIND", "mp.Process")
    program = small(tmp_path, put_into(source, "watcher.terminate()\nwatcher.join()"))
    assert program.program.excuses.in_daemon(program.operation("wait"))
