"""Who waits for whom, and what becomes of a wait when the others fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import PRODUCER
from small import put_into, small


@pytest.mark.parametrize(
    ("body", "sends"),
    [
        ("results.put(1)", False),
        ("try:\n    toolbox.run()\nfinally:\n    results.put(1)", True),
        ("try:\n    toolbox.run()\nfinally:\n    finish(results)", True),
        ("try:\n    toolbox.run()\nexcept Exception:\n    results.put(1)", True),
        ("try:\n    toolbox.run()\nexcept:\n    results.put(1)", True),
        ("try:\n    toolbox.run()\nexcept BaseException as e:\n    results.put(e)", True),
        ("try:\n    toolbox.run()\nexcept KeyError:\n    results.put(1)", False),
        ("try:\n    results.put(toolbox.run())\nexcept Exception:\n    print(1)", False),
    ],
)
def test_sends_on_failure(tmp_path: Path, body: str, sends: bool) -> None:
    rest = "\ndef finish(queue):\n    queue.put(None)\n"
    program = small(tmp_path, put_into(PRODUCER, body) + rest)
    worker, channel = program.worker("work"), program.channel("made")
    assert program.program.waiting.sends_on_failure(worker, channel) is sends


FAILING = """
    import time

    def work(results):
        results.put(toolbox.run())

    def feed(results):
        results.put(1)

    def main(flag):
        results = mp.Queue()  # made
        process = mp.Process(target=work, args=(results,))
        process.start()
        BODY

    main(toolbox.flag)
"""


@pytest.mark.parametrize(
    ("body", "starves"),
    [
        ("results.get()  # wait", True),
        ("print(results.get(block=True))  # wait", True),
        ("for _ in range(3):\n    results.get()  # wait", True),
        ("while results.get():  # wait\n    print(1)", True),
        ("results.get(timeout=9)  # wait", False),
        ("results.get(flag)  # wait", False),
        ("results.get(timeout=flag)  # wait", False),
        ("results.get(False)  # wait", False),
        ("(results if flag else mp.Queue()).get()  # wait", False),
        ("toolbox.feed(results)\nresults.get()  # wait", False),
        ("results.put(1)\nresults.get()  # wait", False),
        ("mp.Process(target=feed, args=(results,)).start()\nresults.get()  # wait", False),
        ("threading.Thread(target=feed, args=(results,)).start()\nresults.get()  # wait", False),
        ("mp.Process(target=toolbox.feed, args=(results,))\nresults.get()  # wait", False),
        ("while True:\n    results.get()  # wait", False),
        ("while True:\n    if results.get():  # wait\n        break", True),
        ("if not results.empty():\n    results.get()  # wait", False),
        ("if process.is_alive():\n    results.get()  # wait", False),
        ("while process.exitcode is None:\n    results.get()  # wait", False),
        ("mp.connection.wait([process.sentinel])\nresults.get()  # wait", False),
        ("mp.active_children()\nresults.get()  # wait", False),
        ("threading.Thread(target=lambda: results.get(), daemon=True)  # wait", False),
        ("threading.Thread(target=lambda: results.get())  # wait", True),
        ("mp.Process(target=lambda: results.get(), daemon=True)  # wait", False),
        ("mp.Process(target=lambda: results.get(), daemon=flag)  # wait", False),
        ("mp.Process(target=lambda: results.get())  # wait", True),
    ],
)
def test_starved(tmp_path: Path, body: str, starves: bool) -> None:
    program = small(tmp_path, put_into(FAILING, body))
    waits = [o for o in program.operations("wait") if o.does == "get"]
    failures = [program.program.waiting.starved(wait) for wait in waits]
    assert waits
    assert any(failures) is starves


@pytest.mark.parametrize(
    ("body", "later"),
    [
        ("results.get()  # wait", 0),
        ("results.get()  # wait\nresults.get()\nresults.get()", 2),
        ("results.get()\nresults.get()  # wait", None),
        ("results.get(timeout=1)\nresults.get()  # wait", 0),
        ("mp.Queue().get()\nresults.get()  # wait", 0),
        ("if flag:\n    results.get()\nelse:\n    results.get()  # wait", None),
    ],
)
def test_the_first_of_several_waits(tmp_path: Path, body: str, later: int | None) -> None:
    program = small(tmp_path, put_into(FAILING, body))
    found = program.program.waiting.first_starved(program.operation("wait"))
    assert (len(found[1]) if found is not None else None) == later


def test_the_first_wait_of_each_function(tmp_path: Path) -> None:
    source = """
        def work(results):
            results.put(toolbox.run())

        def one(results):
            results.get()  # one

        def two(results):
            results.get()  # two
            results.get()

        def main():
            results = mp.Queue()
            mp.Process(target=work, args=(results,)).start()
            one(results)
            two(results)

        main()
    """
    program = small(tmp_path, source)
    found = [program.program.waiting.first_starved(program.operation(m)) for m in ("one", "two")]
    assert [len(each[1]) if each is not None else None for each in found] == [0, 1]


TOLD = """
    import time

    def work(results, errors):
        BODY

    def listen(errors):
        print(errors.get())

    def relay(errors):
        threading.Thread(target=listen, args=(errors,)).start()

    def main():
        results, errors = mp.Queue(), mp.Queue()
        process = mp.Process(target=work, args=(results, errors))
        process.start()
        {listener}
        results.get()  # wait
        errors.get()

    main()
"""


@pytest.mark.parametrize(
    ("body", "listener", "starves"),
    [
        ("errors.put(1)", "threading.Thread(target=listen, args=(errors,)).start()", False),
        ("errors.put(1)", "mp.Process(target=listen, args=(errors,)).start()", True),
        ("errors.put(1)", "mp.Process(target=relay, args=(errors,)).start()", True),
        ("errors.put(1)", "print(1)", True),
        ("print(1)", "threading.Thread(target=listen, args=(errors,)).start()", True),
    ],
)
def test_errors_that_a_thread_hears_of(
    tmp_path: Path, body: str, listener: str, starves: bool
) -> None:
    work = f"try:\n    results.put(toolbox.run())\nexcept Exception:\n    {body}"
    program = small(tmp_path, put_into(TOLD, work).replace("{listener}", listener))
    failure = program.program.waiting.starved(program.operation("wait"))
    assert (failure is not None) is starves


@pytest.mark.parametrize(
    ("body", "starves"),
    [
        ("mine.put(1)\ntoolbox.run()", False),
        ("toolbox.run()\nmine.put(1)", True),
        ("other.put(1)\ntoolbox.run()\nmine.put(1)", True),
    ],
)
def test_a_queue_of_each_call(tmp_path: Path, body: str, starves: bool) -> None:
    source = """
        def work(mine, other):
            BODY

        def ask():
            mine, other = mp.Queue(), mp.Queue()
            mp.Process(target=work, args=(mine, other)).start()
            return mine.get()  # wait

        ask()
        ask()
    """
    program = small(tmp_path, put_into(source, body))
    waits = program.operations("wait")
    assert len(waits) > 1
    assert {program.program.waiting.starved(wait) is not None for wait in waits} == {starves}


def test_the_likeliest_failure_is_named(tmp_path: Path) -> None:
    """Not the first thing that may fail, which is a call of a library most of the time."""
    source = """
        def work(results, jobs, task):
            toolbox.prepare()
            for job in jobs:
                task(job)  # here
            results.put(1)

        def main(jobs, task):
            results = mp.Queue()
            mp.Process(target=work, args=(results, jobs, task)).start()
            results.get()  # wait
        """
    program = small(tmp_path, source)
    failure = program.program.waiting.starved(program.operation("wait"))
    assert failure is not None
    assert program.is_at(failure.at, "here")


@pytest.mark.parametrize(
    ("between", "hears"),
    [
        ("writer.close()", True),
        ("close(writer)", True),
        ("with writer:\n    pass", True),
        ("print(writer)", False),
        ("reader.close()", False),
        ("if flag:\n    writer.close()", False),
    ],
)
def test_hears_of_the_end(tmp_path: Path, between: str, hears: bool) -> None:
    source = """
        def work(writer):
            writer.send(toolbox.run())

        def close(end):
            end.close()

        def main(flag):
            reader, writer = mp.Pipe(duplex=False)  # made
            mp.Process(target=work, args=(writer,)).start()
            BODY
            reader.recv()  # wait
            writer.close()
    """
    program = small(tmp_path, put_into(source, between))
    waiting, wait = program.program.waiting, program.operation("wait")
    channel = waiting.channel_of(wait)
    assert channel is not None
    assert waiting.program.excuses.hears_of_the_end(wait, channel) is hears
    assert (waiting.starved(wait) is None) is hears


@pytest.mark.parametrize(
    ("call", "reports"),
    [
        ("pool.apply_async(work, (results,))", False),
        ("done = pool.apply_async(work, (results,))", True),
        ("pool.apply(work, (results,))", False),
        ("pool.map(work, [results])", False),
        ("print(pool.map(work, [results]))", True),
    ],
)
def test_pools_tell_who_looks(tmp_path: Path, call: str, reports: bool) -> None:
    """`apply` and `map` raise on their own, but whoever drops what they give is not told apart."""
    program = small(
        tmp_path,
        f"""
        def work(results):
            results.put(toolbox.run())

        results = mp.Manager().Queue()
        pool = mp.Pool()
        {call}
        """,
    )
    assert program.program.waiting.reports_errors(program.worker("work")) is reports


@pytest.mark.parametrize(
    ("join", "joins"),
    [("", True), (", join=True", True), (", join=False", False), (", join=False).join(", False)],
)
def test_launchers_that_join(tmp_path: Path, join: str, joins: bool) -> None:
    program = small(
        tmp_path,
        f"""
        import torch.multiprocessing as tmp

        def work(rank, results):
            results.put(rank)

        results = tmp.SimpleQueue()
        mp.Process(target=print, args=(results,))
        tmp.spawn(work, args=(results,), nprocs=2{join})
        """,
    )
    waiting, worker = program.program.waiting, program.worker("work")
    assert waiting.is_spawned(worker)
    assert waiting.joins_itself(worker) is joins
    assert waiting.reports_errors(worker) is (joins or ".join" in join)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("jobs.get()  # wait", (0, 1)),
        ("jobs.put(1)\njobs.get()\njobs.get()  # wait", (1, 2)),
        ("for _ in range(3):\n    jobs.put(1)\nfor _ in range(4):\n    jobs.get()  # wait", (3, 4)),
        ("for _ in range(4):\n    jobs.put(1)\nfor _ in range(4):\n    jobs.get()  # wait", None),
        ("for _ in range(n):\n    jobs.put(1)\nfor _ in range(4):\n    jobs.get()  # wait", None),
        ("if n:\n    jobs.put(1)\njobs.get()  # wait", None),
        ("toolbox.fill(jobs)\njobs.get()  # wait", None),
        ("jobs.get(timeout=1)  # wait", None),
        ("mp.Process(target=two, args=(jobs,))\nfor x in 'abc':\n    jobs.get()  # wait", (2, 3)),
        ("mp.Pool().map(two, [jobs])\nfor _ in range(3):\n    jobs.get()  # wait", None),
    ],
)
def test_never_fed(tmp_path: Path, body: str, answer: tuple[int, int] | None) -> None:
    source = """
        def two(jobs):
            jobs.put(1)
            jobs.put(2)

        def main(n):
            jobs = mp.Queue()
            BODY
    """
    program = small(tmp_path, put_into(source, body))
    assert program.program.waiting.never_fed(program.operation("wait")) == answer
