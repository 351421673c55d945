"""The questions that rules ask, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import libcst as cst
import pytest
from expectations import programs
from small import Small, put_into, small

from mplint.model.values import Literal, Made

EMPTY, FULL = ("queue.Empty",), ("queue.Full",)
ALL, SPAWNED = ("fork", "spawn", "forkserver"), ("spawn", "forkserver")


@pytest.mark.parametrize(
    ("call", "blocks", "timed", "for_ever", "gives_up_with"),
    [
        ("jobs.get()", True, False, True, ()),
        ("jobs.get(True)", True, False, True, ()),
        ("jobs.get(block=True, timeout=None)", True, False, True, ()),
        ("jobs.get(False)", False, False, False, EMPTY),
        ("jobs.get(block=0)", False, False, False, EMPTY),
        ("jobs.get(timeout=1)", True, True, False, EMPTY),
        ("jobs.get(True, 1)", True, True, False, EMPTY),
        ("jobs.get(True, LIMIT)", True, True, False, EMPTY),
        ("jobs.get(flag)", None, False, False, ()),
        ("jobs.get(*flag)", None, None, False, ()),
        ("jobs.get(5)", True, False, False, ()),  # it waits for ever, but is not meant to
        ("jobs.get_nowait()", False, False, False, EMPTY),
        ("jobs.put(1)", True, False, True, ()),
        ("jobs.put(1, False)", False, False, False, ()),  # it is never full
        ("jobs.put(1, timeout=3)", True, True, False, ()),
        ("few.put(1)", True, False, True, ()),
        ("few.put(1, False)", False, False, False, FULL),
        ("few.put(1, timeout=3)", True, True, False, FULL),
        ("few.put_nowait(1)", False, False, False, FULL),
        ("reader.recv()", True, False, True, ("EOFError",)),
        ("process.join()", True, False, True, ()),
        ("process.join(None)", True, False, True, ()),
        ("process.join(3)", True, True, False, ()),
        ("process.join(timeout=flag or 3)", True, True, False, ()),
        ("lock.acquire()", True, False, True, ()),
        ("lock.acquire(False)", False, False, False, ()),
        ("lock.acquire(timeout=1)", True, True, False, ()),
        ("jobs.empty()", False, False, False, ()),
    ],
)
def test_how_an_operation_waits(
    tmp_path: Path,
    call: str,
    blocks: bool | None,
    timed: bool | None,
    for_ever: bool,
    gives_up_with: tuple[str, ...],
) -> None:
    operation = small(
        tmp_path,
        f"""
        LIMIT = 3
        jobs, few, lock = mp.Queue(), mp.Queue(3), mp.Lock()
        reader, writer = mp.Pipe(duplex=False)
        process = mp.Process(target=print)

        def function(flag):
            {call}  # here
        """,
    ).operation("here")
    assert operation.blocks is blocks
    assert operation.timed is timed
    assert operation.waits_for_ever is for_ever
    assert operation.gives_up_with == gives_up_with


def test_a_timeout_that_is_not_known_may_be_none(tmp_path: Path) -> None:
    program = small(tmp_path, "def function(limit):\n    mp.Queue().get(timeout=limit)  # here")
    assert program.operation("here").timed is not False
    assert not program.operation("here").waits_for_ever


@pytest.mark.parametrize(
    ("source", "sure"),
    [
        ("jobs = mp.Queue()", True),
        ("jobs = mp.Queue() if flag else None", True),  # None has no methods
        ("jobs = mp.Queue() if flag else mp.SimpleQueue()", False),
        ("jobs = flag or mp.Queue()", False),
        ("jobs = [mp.Queue() for _ in range(3)][0]", True),  # one of many, made in one place
    ],
)
def test_whether_a_receiver_is_sure(tmp_path: Path, source: str, sure: bool) -> None:
    program = small(tmp_path, f"def function(flag):\n    {source}\n    jobs.put(1)  # here")
    assert {operation.sure for operation in program.operations("here")} == {sure}


def test_what_an_operation_is_given(tmp_path: Path) -> None:
    operation = small(
        tmp_path,
        """
        class Service:
            def __init__(self, n):
                self.jobs = mp.Queue()
                self.jobs.put(n, timeout=3)  # here
        """,
    ).operation("here")
    assert (operation.text, operation.receiver_text) == ("self.jobs.put()", "self.jobs")
    assert operation.argument("obj") is not None
    assert operation.argument("block") is None
    assert (operation.constant("timeout"), operation.constant("obj")) == (3, None)


@pytest.mark.parametrize(("kind", "says"), [("Queue", "lost"), ("SimpleQueue", "raises")])
def test_what_becomes_of_an_item_that_cannot_be_pickled(
    tmp_path: Path, kind: str, says: str
) -> None:
    assert says in small(tmp_path, f"mp.{kind}().put(1)  # here").operation("here").loses


# Workers and channels -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "name", "how", "in_pool", "daemon"),
    [
        ("mp.Process(target=work)", "work", "target", False, False),
        ("mp.Process(target=work, daemon=True)", "work", "target", False, True),
        ("mp.Process(target=work, daemon=toolbox.flag)", "work", "target", False, None),
        ("Stage()", "Stage", "run", False, True),
        ("mp.Pool().apply_async(work)", "work", "task", True, True),
        ("mp.Pool(2, work)", "work", "initializer", True, True),
        ("concurrent.futures.ProcessPoolExecutor().submit(work)", "work", "task", True, False),
        ("threading.Thread(target=work)", "work", "target", False, False),
    ],
)
def test_workers(
    tmp_path: Path, source: str, name: str, how: str, in_pool: bool, daemon: bool | None
) -> None:
    program = small(
        tmp_path,
        f"""
        import concurrent.futures

        def work(): pass

        class Stage(mp.Process):
            daemon = True

            def run(self): pass

        {source}  # here
        """,
    )
    [(worker, _)] = program.view().launches(program.node("here", cst.Call))
    assert (worker.name, worker.how, worker.in_pool) == (name, how, in_pool)
    assert worker.daemon is daemon
    assert worker in program.program.workers
    assert (worker in program.program.processes) is (worker.kind.family == "process")


@pytest.mark.parametrize(
    ("source", "bound"),
    [
        ("mp.Queue()", 0),
        ("mp.Queue(0)", 0),
        ("mp.Queue(-1)", 0),
        ("mp.Queue(3)", 3),
        ("mp.JoinableQueue(maxsize=N)", 5),
        ("mp.SimpleQueue()", 0),
        ("mp.Manager().Queue(4)", 4),
        ("mp.Queue(n)", None),
        ("mp.Queue(2 if n else 3)", None),
        ("mp.Queue(os.cpu_count())", None),
    ],
)
def test_bound(tmp_path: Path, source: str, bound: int | None) -> None:
    source = f"N = 5\n\ndef function(n):\n    jobs = {source}\n    jobs.put(1)  # here"
    program = small(tmp_path, source)
    receiver = program.operation("here").receiver
    assert isinstance(receiver, Made)
    assert program.program.channels[receiver].bound == bound


@pytest.mark.parametrize(
    ("use", "closed"),
    [
        ("jobs.put(1)", True),
        ("print(jobs, len([jobs]))", True),
        ("mp.Process(target=work, args=(jobs,)).start()", True),
        ("own(jobs)", True),
        ("kept.append(jobs)", True),
        ("jobs.put(jobs)", True),
        ("toolbox.call(lambda: jobs.get())", True),  # we see what the function does
        ("toolbox.register(jobs)", False),
        ("toolbox.queue = jobs", False),
        ("toolbox.register([jobs])", False),
        ("mp.Process(target=toolbox.work, args=(jobs,)).start()", False),
        ("own(toolbox.register)(jobs)", False),
    ],
)
def test_closed_world(tmp_path: Path, use: str, closed: bool) -> None:
    program = small(
        tmp_path,
        f"""
        kept = []

        def work(jobs): pass

        def own(thing): return thing

        def function():
            jobs = mp.Queue()  # made
            {use}
        """,
    )
    assert program.channel("made").is_closed_world is closed


@pytest.mark.parametrize(
    ("source", "closed"),
    [
        ("def function(jobs: mp.queues.Queue):\n    jobs.put(1)  # here", False),
        ("from multiprocessing.connection import Client\nClient('x').send(1)  # here", False),
        ("reader, writer = mp.Pipe()\nwriter.send(1)  # here", True),
        ("reader, writer = mp.Pipe()\ntoolbox.keep(reader)\nwriter.send(1)  # here", False),
    ],
)
def test_closed_world_of_other_channels(tmp_path: Path, source: str, closed: bool) -> None:
    program = small(tmp_path, source)
    receiver = program.operation("here").receiver
    assert isinstance(receiver, Made)
    channels = program.program.channels.values()
    assert {c.is_closed_world for c in channels if receiver in (c.entrance, c.exit)} == {closed}


def test_an_attribute_that_strangers_read(tmp_path: Path) -> None:
    source = """
        class Service:
            def __init__(self):
                self.jobs = mp.Queue()  # made
                self.log = mp.Queue()  # log
                self.reader, self.writer = mp.Pipe(duplex=False)  # pipe

        def function(stranger):
            stranger.jobs.put(1)
            stranger.log = None
            stranger.reader.recv()
    """
    program = small(tmp_path, source)
    assert not program.channel("made").is_closed_world
    assert program.channel("log").is_closed_world
    assert not program.channel("pipe").is_closed_world
    assert not program.program.channels[program.made("pipe")[1]].is_closed_world


# Programs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("True", True),
        ("1", True),
        ("''", False),
        ("None", False),
        ("DEBUG", False),
        ("n", None),
        ("n > 1", None),
        ("True if n else 1", True),
        ("True if n else 0", None),
    ],
)
def test_truth(tmp_path: Path, expression: str, truth: bool | None) -> None:
    source = f"DEBUG = False\nmp\n\ndef function(n):\n    here({expression})  # here"
    program = small(tmp_path, source)
    assert program.program.truth(*program.given("here")) is truth


@pytest.mark.parametrize(
    ("source", "methods"),
    [
        ("", ()),
        ("mp.set_start_method('spawn')", ("spawn",)),
        ("mp.set_start_method('fork', force=True)", ("fork",)),
        ("mp.set_start_method('spawn' if x else 'fork')", ("fork", "spawn")),
        ("mp.set_start_method(toolbox.method)", ()),
        ("mp.set_start_method('new one')", ()),
        ("toolbox.set_start_method('spawn')", ()),
    ],
)
def test_start_methods(tmp_path: Path, source: str, methods: tuple[str, ...]) -> None:
    asked = small(tmp_path, source)
    assert asked.program.defaults.methods_in(asked.path) == methods


def test_start_methods_are_those_of_the_scripts_that_use_a_file(tmp_path: Path) -> None:
    guard = "if __name__ == '__main__':\n    mp.set_start_method({!r})\n"
    imports = "import multiprocessing as mp\nimport {}\n"
    asked = Small(
        tmp_path,
        imports.format("tools") + guard.format("fork"),
        other=imports.format("shared") + guard.format("spawn"),
        tools="import shared\nimport multiprocessing; multiprocessing.Pool\n",
        shared="import multiprocessing; multiprocessing.Pool\n",
    )
    defaults = asked.program.defaults
    assert defaults.methods_in(tmp_path / "tools.py") == ("fork",)
    assert defaults.methods_in(tmp_path / "other.py") == ("spawn",)
    assert defaults.methods_in(tmp_path / "shared.py") == ("fork", "spawn")


@pytest.mark.parametrize(
    ("source", "methods"),
    [
        ("mp.Process(target=print)", "fork spawn forkserver"),
        ("mp.get_context('spawn').Process(target=print)", "spawn"),
        ("mp.get_context(toolbox.method).Process(target=print)", "fork spawn forkserver"),
        ("mp.get_context().Process(target=print)", "fork spawn forkserver"),
        ("Spawned()", "spawn"),
        ("concurrent.futures.ProcessPoolExecutor(mp_context=FORK)", "fork"),
        ("concurrent.futures.ProcessPoolExecutor()", "fork spawn forkserver"),
        ("(FORK if x else mp.get_context('spawn')).Process(target=print)", "fork spawn"),
    ],
)
@pytest.mark.parametrize("setting", ["", "mp.set_start_method('forkserver')"])
def test_start_methods_of_an_object(
    tmp_path: Path, source: str, methods: str, setting: str
) -> None:
    """What has a context keeps its method, whatever the program sets for the rest."""
    program = small(
        tmp_path,
        f"""
        import concurrent.futures
        FORK = mp.get_context("fork")
        {setting}

        class Spawned(mp.get_context("spawn").Process):
            def run(self): pass

        thing = {source}
        here(thing)  # here
        """,
    )
    found: set[str] = set()
    for value in program.program.values(*program.given("here")):
        found |= set(program.program.methods_of(value))
    everything = methods == "fork spawn forkserver"
    assert found == ({"forkserver"} if everything and setting else set(methods.split()))


@pytest.mark.parametrize(
    ("rest", "runners"),
    [
        ("function()", "main"),
        ("mp.Process(target=function)", "function"),
        ("function()\nmp.Process(target=function)", "function main"),
        ("mp.Process(target=other)", "other"),
        ("threading.Thread(target=function)", "main"),
        ("mp.Process(target=starter)", "starter"),
        ("", "main"),  # whoever imports the module may call it
    ],
)
def test_runners(tmp_path: Path, rest: str, runners: str) -> None:
    source = """
def function():
    mp.Queue().put(1)  # here

def other():
    function()

def starter():
    threading.Thread(target=function).start()

"""
    if "other" not in rest:
        source = source.replace("def other():\n    function()\n", "")
    if "starter" not in rest:
        source = source.partition("def starter")[0]
    program = small(tmp_path, source + rest)
    found = {runner for operation in program.operations("here") for runner in operation.runners}
    assert sorted(r if isinstance(r, str) else r.name for r in found) == runners.split()


def test_a_view_of_nodes(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        def function(x):
            jobs = mp.Queue()  # made
            jobs.put(jobs.qsize())  # use
            x.put(1)  # unknown
        """,
    )
    view = program.view()
    assert view.made(program.node("made", cst.Call)) == program.made("made")
    call = program.node("use", cst.Call)
    assert [operation.name for operation in view.operations(call)] == ["put"]
    assert view.operations(call, "get") == []
    assert view.operations(program.node("unknown", cst.Call)) == []
    [(_, values)] = view.values(program.node("use", cst.Attribute).value)
    assert values == frozenset(program.made("made"))
    blank = cst.EmptyLine()
    assert view.number(blank) is None and view.expression(blank) is None
    assert view.activations(blank) == [] and list(view.values(blank)) == []


# Waiting ------------------------------------------------------------------------------------------

PRODUCER = """
    import time

    results = mp.Queue()  # made

    def work(results):
        BODY

    process = mp.Process(target=work, args=(results,))
    process.start()
    results.get()  # wait
"""


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


def test_the_statement_that_ends_a_consumer(tmp_path: Path) -> None:
    """Not the one whose error it handles."""
    body = f"{KNOWN}            continue\n        toolbox.save()  # save"
    program = small(tmp_path, put_into(CONSUMER, body))
    failure = program.program.failing.early_end(program.worker("work"), program.channel("made"))
    assert failure is not None
    assert program.is_at(failure.at, "save")


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
    assert waiting.hears_of_the_end(wait, channel) is hears
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
    ("join", "joins"), [("", True), (", join=True", True), (", join=False", False)]
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
    assert waiting.reports_errors(worker) is joins


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


# Draining -----------------------------------------------------------------------------------------

FULL_QUEUE = """
    def work(results):
        for number in range(1000):
            results.put(number)  # put

    def read(results):
        results.get()

    def main(n):
        results = mp.Queue()  # made
        process = mp.Process(target=work, args=(results,))
        process.start()
        BODY

"""


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("process.join()  # join\nresults.get()  # get", "late"),
        ("for p in [process]:\n    p.join()  # join\nresults.get()  # get", "late"),
        ("process.join()  # join", "never"),
        ("results.get()\nprocess.join()  # join", None),
        ("process.join(9)  # join\nresults.get()  # get", None),
        ("process.join(n)  # join\nresults.get()  # get", None),
        ("process.terminate()\nprocess.join()  # join\nresults.get()  # get", None),
        ("while not results.empty():\n    results.get()  # get\nprocess.join()  # join", None),
        ("read(results)\nprocess.join()  # join\nresults.get()  # get", None),
        ("toolbox.read(results)\nprocess.join()  # join\nresults.get()  # get", None),
        ("(n or process).join()  # join\nresults.get()  # get", None),
        ("mp.Process(target=read, args=(results,)).start()\nprocess.join()  # join", None),
        ("threading.Thread(target=read, args=(results,)).start()\nprocess.join()  # join", None),
        ("threading.Thread(target=read, args=(results,)).start()\nLATE", None),
        ("mp.Process(target=read, args=(results,)).start()\nLATE", None),
        ("if n:\n    process.join()  # join\nresults.get()  # get", "late"),
        ("if n:\n    results.get()\nprocess.join()  # join\nresults.get()  # get", "late"),
    ],
)
def test_undrained(tmp_path: Path, body: str, answer: str | None) -> None:
    late = "process.join()  # join\nresults.get()  # get"
    program = small(tmp_path, put_into(FULL_QUEUE, body.replace("LATE", late)))
    [join] = {o.site: o for o in program.operations("join")}.values()
    found = program.program.draining.undrained(join)
    if answer is None:
        assert found is None
        return
    assert found is not None
    assert (found.worker, found.channel) == (program.worker("work"), program.channel("made"))
    assert found.put is program.operation("put")
    assert (found.get is not None) is (answer == "late")
    if found.get is not None:
        assert found.get in program.operations("get")


@pytest.mark.parametrize(
    ("body", "unbounded"),
    [
        ("results.put(1)", False),
        ("results.put('short')", False),
        ("results.put((1, 'two', [3]))", False),
        ("results.put('x' * 100_000)", True),
        ("results.put([y for y in x])", True),
        ("results.put({'all': list(x)})", True),
        ("results.put(toolbox.run())", True),
        ("for _ in range(3):\n    results.put(1)", False),
        ("for _ in range(1000):\n    results.put(1)", False),
        ("for _ in range(10_000):\n    results.put(1)", True),
        ("for y in x:\n    results.put(len(y))", False),
        ("for _ in range(1000):\n    results.put('one')", True),
        ("for y in x:\n    results.put('one')", True),
        ("while x:\n    results.put('one')", True),
        ("while x:\n    results.put(x == 1)", False),
        ("while x:\n    results.put('one')\n    break", False),
        ("while x:\n    if x:\n        results.put('one')\n        return", False),
        ("for y in x:\n    one(results)", True),
        ("one(results)", False),
        ("results.put(1)\nresults.cancel_join_thread()", False),
    ],
)
def test_is_unbounded(tmp_path: Path, body: str, unbounded: bool) -> None:
    source = """
        def one(results):
            results.put('one')

        def work(results, x):
            BODY

        results = mp.Queue()  # made
        mp.Process(target=work, args=(results, toolbox.x))
    """
    program = small(tmp_path, put_into(source, body))
    [put] = program.channel("made").puts
    assert program.program.draining.is_unbounded(put) is unbounded


@pytest.mark.parametrize(
    ("join", "found"), [("", True), (", join=False", False), (", daemon=True", True)]
)
def test_undrained_launch(tmp_path: Path, join: str, found: bool) -> None:
    program = small(
        tmp_path,
        f"""
        import torch.multiprocessing as tmp

        def work(rank, results):
            for number in range(1000):
                results.put(number)

        results = mp.Queue()
        tmp.spawn(work, args=(results,), nprocs=2{join})  # launch
        results.get()
        """,
    )
    [(worker, activation)] = program.view().launches(program.node("launch", cst.Call))
    at = program.view().number(program.node("launch", cst.Call))
    assert at is not None
    draining = program.program.draining
    assert (draining.undrained_launch(worker, activation, at) is not None) is found


@pytest.mark.parametrize(
    ("queue", "rest", "why"),
    [
        ("mp.Queue(3)", "", "nobody takes"),
        ("mp.Queue()", "", None),
        ("mp.Queue(n)", "", None),
        ("mp.Queue(100)", "", None),  # there is room for all
        ("mp.Queue(3)", "toolbox.empty(jobs)", None),
        ("mp.Queue(3)", "jobs.get()", None),
        ("queue.Queue(3)", "", None),
    ],
)
def test_stuck_with_nobody(tmp_path: Path, queue: str, rest: str, why: str | None) -> None:
    program = small(
        tmp_path,
        f"""
        def main(n):
            jobs = {queue}
            for job in range(10):
                jobs.put(job)  # put
            {rest}
        """,
    )
    stuck = program.program.bounded.stuck(program.operation("put"))
    assert (stuck is not None) is (why is not None)
    assert stuck is None or (why is not None and why in stuck.why)


@pytest.mark.parametrize(
    ("worker", "main", "why"),
    [
        ("toolbox.run(jobs.get())", "START\nFILL", "can end by an error"),
        ("print(jobs.get())", "START\nFILL", None),
        ("toolbox.run(jobs.get())", "START\njobs.put(1)  # put", None),  # there is room for one
        ("toolbox.run(jobs.get())", "START\nfor n in it: jobs.put(1, timeout=1)  # put", None),
        ("toolbox.run(jobs.get())", "START\nfor n in it: jobs.put(1)  # put", "by an error"),
        (
            "toolbox.run(jobs.get())",
            "START\nfor n in it:\n    if process.is_alive():\n        jobs.put(n)  # put",
            None,
        ),
        ("print(jobs.get())", "FILL\nSTART", "not started yet"),
        ("answers.put(jobs.get())", "START\nFILL\nfor _ in it: answers.get()", "waits itself"),
        (
            "answers.put(jobs.get())",
            "START\nfor n in it:\n    jobs.put(n)  # put\n    answers.get()",
            None,
        ),
        ("answers.put(jobs.get(), timeout=3)", "START\nFILL\nfor _ in it: answers.get()", None),
    ],
)
def test_stuck(tmp_path: Path, worker: str, main: str, why: str | None) -> None:
    source = f"""
        def work(jobs, answers):
            while True:
                {worker}

        def main(it):
            jobs, answers = mp.Queue(3), mp.Queue(3)
            process = mp.Process(target=work, args=(jobs, answers))
            BODY

        main(toolbox.it)
    """
    main = main.replace("START", "process.start()")
    main = main.replace("FILL", "for n in range(10):\n    jobs.put(n)  # put")
    program = small(tmp_path, put_into(source, main))
    stuck = program.program.bounded.stuck(program.operation("put"))
    assert (stuck is not None) is (why is not None)
    assert stuck is None or (why is not None and why in stuck.why)


def test_the_first_put_that_is_stuck(tmp_path: Path) -> None:
    """One that may be the last has room, and hides none of those behind it."""
    program = small(
        tmp_path,
        """
        def main(n):
            jobs = mp.Queue(3)
            jobs.put(0)  # once
            jobs.put(0, timeout=1)  # for a while
            for job in range(10):
                jobs.put(job)  # many
            for job in range(10):
                jobs.put(job)  # more

        main(3)
        """,
    )
    marks = ("once", "for a while", "many", "more")
    stuck = {mark: program.program.bounded.stuck(program.operation(mark)) for mark in marks}
    assert [mark for mark in marks if stuck[mark]] == ["many"]


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("while True:\n    print(jobs.get())\n    jobs.task_done()", None),
        ("while True:\n    print(jobs.get())", "can go on"),
        ("while True:\n    toolbox.run(jobs.get())\n    jobs.task_done()", "by an error"),
        (
            "while True:\n    job = jobs.get()\n    try:\n        toolbox.run(job)\n    finally:\n"
            "        jobs.task_done()",
            None,
        ),
        ("while True:\n    if jobs.get() == 3:\n        break\n    jobs.task_done()", "can go on"),
        ("while True:\n    if jobs.get() is None:\n        break\n    jobs.task_done()", None),
        ("while True:\n    print(jobs.get())\n    done(jobs)", None),
        ("while True:\n    print(jobs.get())\n    toolbox.done(jobs)", None),
    ],
)
def test_unfinished(tmp_path: Path, body: str, how: str | None) -> None:
    source = """
        def done(queue):
            queue.task_done()

        def work(jobs):
            BODY

        jobs = mp.JoinableQueue()  # made
        mp.Process(target=work, args=(jobs,), daemon=True).start()
        jobs.put(3)
        jobs.join()  # join
        jobs.put(None)  # nobody counts it any more
    """
    program = small(tmp_path, put_into(source, body))
    skipped = program.program.tasks.unfinished(program.operation("join"))
    assert (skipped is not None) is (how is not None)
    assert skipped is None or (how is not None and how in skipped.how)


@pytest.mark.parametrize(
    ("worker", "main", "why"),
    [
        ("TAKE", "START\nSTART", "several processes"),
        ("TAKE", "for _ in range(n): START", "several processes"),
        ("TAKE", "START", None),
        ("while not jobs.empty():\n    jobs.get_nowait()", "START\nSTART", None),
        ("jobs.put(1)", "START\nTAKE", "may still be at work"),
        ("jobs.put(1)", "START\nprocess.join()\nTAKE", None),
        ("jobs.put(1)", "START\ntime.sleep(1)\nTAKE", "may still be at work"),
        (
            "jobs.put(1)",
            "START\nwhile n:\n    while not jobs.empty():  # look\n        jobs.get()",
            None,
        ),
        ("pass", "jobs.put(1)\nTAKE", "still on its way"),
        ("pass", "TAKE", None),
        ("jobs.put(1)", "START\nwhile not jobs.empty():  # look\n    jobs.get()", None),  # dropped
        ("pass", "jobs.put(1)\nprint(jobs.empty())  # look", None),
        ("pass", "toolbox.fill(jobs)\nTAKE", None),
        ("jobs.put(1)", "START\nwhile n and not jobs.empty():  # look\n    jobs.get()", None),
    ],
)
def test_race(tmp_path: Path, worker: str, main: str, why: str | None) -> None:
    take = "while not jobs.empty():  # look\n    print(jobs.get())"
    start = "process = mp.Process(target=work, args=(jobs,)); process.start()"
    source = f"""
        import time

        def work(jobs):
            {indent(worker.replace("TAKE", take), " " * 12).strip()}

        def main(n):
            jobs = mp.Queue()
            BODY

        main(toolbox.n)
    """
    if "empty" in worker and "look" not in worker:
        source = source.replace("jobs.empty():", "jobs.empty():  # look")
    main = main.replace("TAKE", take).replace("START", start)
    program = small(tmp_path, put_into(source, main))
    race = program.program.looks.race(program.operation("look"))
    assert (race is not None) is (why is not None)
    assert race is None or (why is not None and why in race.why)


# Sentinels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "equal", "operator"),
    [
        ("item is None", True, "is"),
        ("item is not None", False, "is not"),
        ("item == STOP", True, "=="),
        ("'stop' != item", False, "!="),
        ("not item is None", False, "is"),
        ("item", False, "truth"),
        ("not item", True, "truth"),
        ("item[0] is None", True, "is"),
        ("(late := jobs.get()) is None", True, "is"),
        ("jobs.get() is None", True, "is"),
        ("item is None and n", True, "is"),
        ("item > 3", None, ""),
        ("n is None", None, ""),
        ("len(item) == 0", None, ""),
        ("other is None", None, ""),
    ],
)
def test_sentinel_tests(tmp_path: Path, test: str, equal: bool | None, operator: str) -> None:
    program = small(
        tmp_path,
        f"""
        STOP = "stop"
        jobs = mp.Queue()

        def function(n):
            item = jobs.get()
            other = n.get()
            here({test})  # here
        """,
    )
    found = program.program.sentinels.test_of(*program.given("here"))
    assert (found.equal if found is not None else None) is equal
    assert found is None or found.operator == operator


ENDLESS = """
    STOP = "stop"

    class Stop:
        pass

    def consume(jobs, n):
        BODY

    def main(it):
        jobs = mp.Queue()  # made
        process = mp.Process(target=consume, args=(jobs, it))
        process.start()
        MAIN
        process.join()  # join

    main(toolbox.it)
"""


@pytest.mark.parametrize(
    ("body", "sentinels"),
    [
        ("while True:\n    if jobs.get() is None:\n        break", [None]),
        ("while True:\n    item = jobs.get()\n    if item == STOP:\n        return", ["stop"]),
        ("for item in iter(jobs.get, None):\n    print(item)", [None]),
        ("while (item := jobs.get()) is not None:\n    print(item)", [None]),
        ("item = jobs.get()\nwhile item != STOP:\n    item = jobs.get()", None),  # two gets
        ("while True:\n    if jobs.get(timeout=1) is None:\n        break", None),
        ("while not n:\n    if jobs.get() is None:\n        break", None),  # ends otherwise, too
        ("while True:\n    if jobs.get() > 3 or n:\n        break", None),
        ("if jobs.get() is None:\n    return", None),  # takes one only
        ("while True:\n    print(jobs.get())", None),
        (
            "while True:\n    try:\n        if jobs.get() is None: break\n    finally:\n"
            "        print(1)",
            [None],
        ),
        (
            "while True:\n    item = jobs.get()\n    if item is None:\n        break\n"
            "    toolbox.run(item)",
            [None],  # an error ends it as well, but that is not how it is meant to end
        ),
    ],
)
def test_consumer(tmp_path: Path, body: str, sentinels: list[object] | None) -> None:
    program = small(tmp_path, put_into(ENDLESS, body).replace("MAIN", "pass"))
    worker, channel = program.worker("consume"), program.channel("made")
    consumer = program.program.sentinels.consumer(worker, channel)
    if sentinels is None:
        assert consumer is None
        return
    assert consumer is not None
    assert consumer.get in channel.gets
    assert [v.value for v in consumer.sentinels if isinstance(v, Literal)] == sentinels
    assert program.program.sentinels.consumers(channel) == [consumer]


UNTIL_NONE = "while True:\n    if jobs.get() is None:\n        break"
UNTIL_STOP = "while True:\n    if jobs.get() == STOP:\n        break"


def test_consumers_are_not_known_when_others_take_too(tmp_path: Path) -> None:
    source = put_into(ENDLESS, UNTIL_NONE).replace("MAIN", "jobs.get()")
    program = small(tmp_path, source)
    assert program.program.sentinels.consumers(program.channel("made")) is None


@pytest.mark.parametrize(
    ("item", "sends"),
    [
        ("None", True),
        ("obj=None", True),
        ("1", False),
        ("'stop'", False),
        ("STOP", False),
        ("(1, 2)", False),
        ("('stop', None)", None),
        ("toolbox.run()", None),
        ("it", None),
        ("None if it else 1", None),
        ("Stop", False),
    ],
)
def test_sends(tmp_path: Path, item: str, sends: bool | None) -> None:
    source = put_into(ENDLESS, UNTIL_NONE).replace("MAIN", f"jobs.put({item})  # put")
    program = small(tmp_path, source.replace("main(toolbox.it)", ""))
    none = frozenset({program.program.solver.intern(Literal, None)})
    assert program.program.sentinels.sends(program.operation("put"), none) is sends


def test_elements_of_a_loop_are_data(tmp_path: Path) -> None:
    source = put_into(ENDLESS, UNTIL_NONE).replace("MAIN", "for x in it: jobs.put(x)  # put")
    program = small(tmp_path, source)
    none = frozenset({program.program.solver.intern(Literal, None)})
    assert program.program.sentinels.sends(program.operation("put"), none) is False


@pytest.mark.parametrize(
    ("body", "main", "answer"),
    [
        (UNTIL_NONE, "jobs.put(1)", "never"),
        (UNTIL_NONE, "for x in it: jobs.put(x)", "never"),
        (UNTIL_NONE, "jobs.put(None)", None),
        (UNTIL_STOP, "jobs.put(None)", "never"),
        (UNTIL_STOP, "jobs.put(STOP)", None),
        (UNTIL_STOP, "jobs.put('st' + it)", None),
        (UNTIL_NONE, "process.join()  # early\njobs.put(None)", "late"),
        (UNTIL_NONE, "process.join(1)\njobs.put(None)", None),
        (UNTIL_NONE, "process.terminate()", None),
        (UNTIL_NONE, "toolbox.stop(jobs)", None),
        (UNTIL_NONE, "if it: jobs.put(None)", None),
        ("while True:\n    print(jobs.get())", "jobs.put(1)", None),
    ],
)
def test_unsent(tmp_path: Path, body: str, main: str, answer: str | None) -> None:
    program = small(tmp_path, put_into(put_into(ENDLESS, body).replace("MAIN", "BODY"), main))
    join = program.operation("early" if "early" in main else "join")
    unsent = program.program.sentinels.unsent(join)
    assert (unsent is not None) is (answer is not None)
    assert unsent is None or (unsent.late is not None) is (answer == "late")


@pytest.mark.parametrize(
    ("start", "stop", "needed"),
    [
        ("for _ in range(2): START", "jobs.put(None)", ("one", "2")),
        ("for _ in range(5): START", "for _ in range(3): jobs.put(None)", ("only 3", "5")),
        ("for _ in range(5): START", "for _ in range(5): jobs.put(None)", None),
        ("for _ in range(5): START", "for _ in range(9): jobs.put(None)", None),
        ("for _ in range(it): START", "jobs.put(None)", ("one", "it")),
        ("for _ in range(it): START", "for _ in range(it): jobs.put(None)", None),
        ("for _ in range(it): START", "for _ in range(4): jobs.put(None)", None),
        ("for _ in range(2): START", "for x in it: jobs.put(None)", None),
        ("for _ in range(2): START", "jobs.put(it)", None),
        ("for _ in range(2): START", "jobs.put(None)\ntoolbox.stop(jobs)", None),
        ("for _ in range(2): START", "jobs.put(None)\nmp.active_children()", None),
        ("for _ in range(2): START.daemon", "jobs.put(None)", ("one", "2")),
        ("for _ in range(2): DAEMON", "jobs.put(None)", None),
        ("START", "jobs.put(None)", None),
    ],
)
@pytest.mark.parametrize("passes_on", [False, True])
def test_shortage(
    tmp_path: Path, start: str, stop: str, needed: tuple[str, str] | None, passes_on: bool
) -> None:
    source = """
        def consume(jobs):
            while True:
                if jobs.get() is None:
                    AGAIN
                    break

        def main(it):
            jobs = mp.Queue()
            BODY
    """.replace("AGAIN", "jobs.put(None)" if passes_on else "pass")
    start = start.replace("START", "mp.Process(target=consume, args=(jobs,))")
    start = start.replace("DAEMON", "mp.Process(target=consume, args=(jobs,), daemon=True)")
    marked = stop.replace("jobs.put", "jobs.put", 1)
    lines = [f"{line}  # put" if "put" in line else line for line in marked.splitlines()]
    program = small(tmp_path, put_into(source, "\n".join([start, *lines])))
    puts = [o for o in program.operations("put") if o.activation.scope.name != "consume"]
    shortage = program.program.sentinels.shortage(puts[-1])
    if needed is None or passes_on:
        assert shortage is None
    else:
        assert shortage is not None
        assert (shortage.sent, shortage.needed) == needed


@pytest.mark.parametrize(
    ("test", "what"),
    [
        ("item is MARK", "an `object()`"),
        ("item == MARK", "an `object()`"),
        ("item is not MARK", "an `object()`"),
        ("item is STOP", "an object of `Stop`"),
        ("item == STOP", "an object of `Stop`"),
        ("item is EQUAL", "an object of `Equal`"),
        ("item == EQUAL", None),
        ("item is KEPT", None),
        ("item is TEXT", "a text"),
        ("item == TEXT", None),
        ("item is 1000", "a number"),
        ("item is 1", None),
        ("item is 0.5", "a number"),
        ("item is None", None),
        ("item is Stop", None),
        ("item is Colour.RED", None),
        ("item is item", None),
        ("n is MARK", None),
        ("item is n", None),
        ("item is (MARK if n else None)", None),
        ("queue.Queue().get() is MARK", None),  # nothing is pickled between threads
    ],
)
def test_lost_identity(tmp_path: Path, test: str, what: str | None) -> None:
    program = small(
        tmp_path,
        f"""
        import enum

        class Stop: pass

        class Equal:
            def __eq__(self, other): return True

        class Kept:
            def __reduce__(self): return "KEPT"

        class Colour(enum.Enum):
            RED = object()

        MARK, STOP, EQUAL, KEPT, TEXT = object(), Stop(), Equal(), Kept(), "stop"
        jobs = mp.Queue()

        def function(n):
            item = jobs.get()
            print({test})  # here
        """,
    )
    found = program.view().lost_identity(program.node("here", cst.Comparison))
    assert [lost.what for lost in found] == ([what] if what is not None else [])


@pytest.mark.parametrize(
    ("start", "work", "methods"),
    [
        ("mp.Process(target=work, args=(MARK,))", "mark is MARK", SPAWNED),
        ("mp.Process(target=work, args=(MARK,))", "MARK == mark", SPAWNED),
        ("mp.Process(target=work, kwargs={'mark': MARK})", "mark is not MARK", SPAWNED),
        ("mp.Pool().apply_async(work, (MARK,))", "mark is MARK", ALL),
        ("mp.get_context('fork').Process(target=work, args=(MARK,))", "mark is MARK", None),
        ("mp.Process(target=work, args=(OTHER,))", "mark is MARK", None),
        ("mp.Process(target=work, args=(n and MARK,))", "mark is MARK", None),
        ("mp.Process(target=work, args=(MARK, MARK))", "mark is other", None),  # copied together
        ("mp.Process(target=work, args=(1, MARK))", "other is MARK", None),  # or its default
        ("mp.Process(target=work, args=(MARK,))", "[mark := MARK, mark is MARK]", None),
        ("mp.Process(target=work, args=(MARK,))", "[mark is MARK, work(MARK)]", None),
        ("threading.Thread(target=work, args=(MARK,))", "mark is MARK", None),
        ("mp.Process(target=work, args=(MARK,)); work(MARK)", "mark is MARK", None),
        ("mp.Process(target=work, args=(Colour.RED,))", "mark is RED", None),
    ],
)
def test_lost_identity_of_arguments(
    tmp_path: Path, start: str, work: str, methods: tuple[str, ...] | None
) -> None:
    program = small(
        tmp_path,
        f"""
        import enum
        import threading

        class Colour(enum.Enum):
            RED = 1

        MARK, OTHER, RED = object(), object(), Colour.RED

        def work(mark, other=MARK):
            print({work})  # here

        def function(n):
            {start}
        """,
    )
    found = program.view().lost_identity(program.node("here", cst.Comparison))
    assert [lost.start_methods for lost in found] == ([methods] if methods is not None else [])


# Sharing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "rest", "answer"),
    [
        ("results = mp.Queue()  # made\nresults.put(1)", "", "alone"),
        ("results = mp.Queue()  # made\nresults.put(1)\nresults.get()", "", None),
        ("results = mp.Queue()  # made\nprint(results)", "", None),
        ("results = mp.Queue()  # made\ntoolbox.keep(results)\nresults.put(1)", "", None),
        ("results = mp.Queue()  # made\nresults.put(1)\nreturn results", "", None),
        ("results = mp.Queue()  # made\npipe.put(results)\nresults.put(1)", "", None),
        ("global shared\nshared = mp.Queue()  # made", "shared.get()", "elsewhere"),
        ("lock = mp.Lock()  # made\nwith lock: print(1)", "", None),  # alone, but harmless
        ("lock = mp.Lock()  # made\nwith lock: print(1)", "many", "alone"),
        ("lock = threading.Lock()  # made\nwith lock: print(1)", "many", None),
        ("results = queue.Queue()  # made\nresults.put(1)", "", None),
        (
            "results = mp.Queue()  # made\nresults.put(1)\n"
            "threading.Thread(target=take, args=(results,)).start()",
            "",
            None,
        ),
        ("print(1)", "mp.Queue().put(1)  # made", None),
    ],
)
def test_made_in_worker(tmp_path: Path, body: str, rest: str, answer: str | None) -> None:
    source = """
        pipe = mp.Queue()
        shared = None

        def take(results):
            results.get()

        def work():
            BODY

        LOOP
            mp.Process(target=work).start()
        REST
    """
    loop = "for _ in range(3):" if rest == "many" else "if True:"
    source = source.replace("LOOP", loop).replace("REST", rest.replace("many", ""))
    program = small(tmp_path, put_into(source, body))
    [made] = program.made("made")
    found = program.program.sharing.made_in_worker(made)
    assert (found is not None) is (answer is not None)
    if found is not None:
        assert found.worker is program.worker("work")
        assert (found.elsewhere is not None) is (answer == "elsewhere")


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("mp.Process(target=work, args=(jobs,))", ["Queue"]),
        ("mp.Process(target=work, args=[jobs, lock])", ["Queue", "Lock"]),
        ("mp.Process(target=work, kwargs={'jobs': jobs})", ["Queue"]),
        ("Worker(jobs)", ["Queue"]),
        ("Worker(jobs=[lock])", ["Lock"]),
        ("mp.Process(target=work, args=(ours,))", []),
        ("mp.Process(target=work, args=(jobs if n else None,))", []),
        ("threading.Thread(target=work, args=(jobs,))", []),
        ("mp.Process(target=work, args=(n,))", []),
        ("mp.Pool().apply_async(work, (jobs,))", []),  # that raises: a matter of pickling
    ],
)
def test_thread_objects_given(tmp_path: Path, call: str, found: list[str]) -> None:
    program = small(
        tmp_path,
        f"""
        def work(*jobs, **others): pass

        class Worker(mp.Process):
            def __init__(self, jobs):
                super().__init__()

            def run(self): pass

        def function(n):
            jobs, lock, ours = queue.Queue(), threading.Lock(), mp.Queue()
            {call}  # here
        """,
    )
    node = program.node("here", cst.Call)
    at = program.view().number(node)
    assert at is not None
    [(worker, activation)] = program.view().launches(node)
    objects = program.program.sharing.thread_objects_given(worker, activation, at)
    assert [thing.made.kind.name for thing in objects] == found


@pytest.mark.parametrize(
    ("made", "work", "main", "found"),
    [
        ("queue.Queue()", "jobs.put(1)", "jobs.get()", True),
        ("queue.Queue()", "jobs.get()", "jobs.put(1)", True),
        ("mp.Queue()", "jobs.put(1)", "jobs.get()", False),
        ("queue.Queue()", "jobs.put(1)\n    jobs.get()", "jobs.put(1)\njobs.get()", False),
        ("queue.Queue()", "jobs.put(1)", "print(jobs)", False),
        ("queue.Queue()", "jobs.put(1)", "toolbox.take(jobs)\njobs.get()", False),
        ("queue.Queue() if toolbox.x else mp.Queue()", "jobs.put(1)", "jobs.get()", False),
    ],
)
def test_thread_global(tmp_path: Path, made: str, work: str, main: str, found: bool) -> None:
    source = (
        f"jobs = {made}  # made\n\ndef work():\n    {work}\n\nmp.Process(target=work).start()\n"
    )
    program = small(tmp_path, source + main)
    shared = program.program.sharing.thread_global(program.made("made")[0])
    assert (shared is not None) is found


@pytest.mark.parametrize(
    ("start", "many"),
    [
        ("mp.Process(target=work)", False),
        ("[mp.Process(target=work) for _ in range(3)]", True),
        ("for _ in range(3): mp.Process(target=work)", True),
        ("while toolbox.more(): mp.Process(target=work)", True),
        ("mp.Pool().apply_async(work)", True),
    ],
)
def test_is_many(tmp_path: Path, start: str, many: bool) -> None:
    program = small(tmp_path, f"def work(): pass\n\n{start}")
    assert program.program.sharing.is_many(program.worker("work")) is many


# Pickling -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("lambda: 1", "a lambda"),
        ("inner", "`inner`, a function defined inside another function"),
        ("Inner", "the class `Inner`, which is defined inside a function"),
        ("Inner()", "an object of `Inner`, a class defined inside a function"),
        ("Reduced()", None),
        ("outer", None),
        ("Outer()", None),
        ("Outer().method", None),
        ("(x for x in [])", "a generator"),
        ("generate()", "a generator"),
        ("{}.keys()", "a view made by `.keys()`"),
        ("threading.Lock()", "a thread lock"),
        ("mp.Lock()", "a lock"),
        ("mp.Queue()", "a queue"),
        ("mp.Manager().Queue()", None),
        ("open('file')", "an open file"),
        ("[1, lambda: 2]", "a lambda"),
        ("(1, [(inner,)])", "`inner`, a function defined inside another function"),
        ("{'key': lambda: 2}", "a lambda"),
        ("held", "a lambda"),
        ("functools.partial(lambda: 1)", "a lambda"),
        ("functools.partial(outer, lambda: 1)", "a lambda"),
        ("functools.partial(outer, 1)", None),
        ("threading.Lock().acquire", "a thread lock"),
        ("1", None),
        ("n", None),
        ("toolbox.run()", None),
        ("(lambda: 1) if n else None", None),  # not for certain
        ("(lambda: 1) if n else (lambda: 2)", "a lambda"),
        ("n or (lambda: 1)", None),
        ("[n]", None),
    ],
)
def test_obstacle(tmp_path: Path, expression: str, what: str | None) -> None:
    program = small(
        tmp_path,
        f"""
        def outer(): pass

        def generate(): yield 1

        class Outer:
            def method(self): pass

        def function(n):
            def inner(): pass

            class Inner: pass

            class Reduced:
                def __reduce__(self): return "REDUCED"

            held = [lambda: 1]
            here({expression})  # here
        """,
    )
    found = program.program.pickling.obstacle(*program.given("here"))
    assert (found.what if found is not None else None) == what
    if found is not None:
        assert found.inherits is (expression in ("mp.Lock()", "mp.Queue()"))


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("mp.Queue().put(lambda: 1)", True),
        ("mp.SimpleQueue().put(lambda: 1)", True),
        ("mp.Manager().Queue().put(lambda: 1)", True),
        ("mp.Pipe()[0].send(lambda: 1)", True),
        ("mp.Pipe()[0].send_bytes(n)", False),
        ("mp.Queue().put(1)", False),
        ("mp.Queue().put(n)", False),
        ("queue.Queue().put(lambda: 1)", False),
        ("multiprocess.Queue().put(lambda: 1)", False),  # dill
        ("(mp.Queue() if n else queue.Queue()).put(lambda: 1)", False),
        ("mp.Pool().map(lambda x: x, [1])", True),
        ("mp.Pool().map(print, [lambda: 1])", True),
        ("mp.Pool().map(print, (x for x in n))", False),  # the collection stays here
        ("mp.Pool().apply_async(print, (lambda: 1,))", True),
        ("mp.Pool().apply_async(print, callback=lambda x: x)", False),
        ("mp.Pool().map(n, [1])", False),
        ("concurrent.futures.ProcessPoolExecutor().submit(print, mp.Lock())", True),
        ("concurrent.futures.ProcessPoolExecutor().map(print, [1])", False),
        ("concurrent.futures.ThreadPoolExecutor().submit(lambda: 1)", False),
        ("multiprocess.Pool().map(lambda x: x, [1])", False),
    ],
)
def test_what_is_sent(tmp_path: Path, call: str, found: bool) -> None:
    source = "import concurrent.futures\nimport multiprocess\n\ndef function(n):\n    "
    program = small(tmp_path, f"{source}{call}  # here")
    operation = next(o for o in program.operations("here") if o.does == "put" or o.method.tasks)
    pickling = program.program.pickling
    ask = pickling.put_obstacle if operation.does == "put" else pickling.task_obstacle
    assert (ask(operation) is not None) is found
    dill = call.startswith("multiprocess.")
    assert pickling.pickler(operation) == ("dill" if dill else "pickle")


# Startup ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "guard"),
    [
        ("START", "none"),
        ("run()", "none"),
        ("for _ in range(3): START", "none"),
        ("if toolbox.flag:\n    START", "none"),
        ("if __name__ == '__main__':\n    START", None),
        ("if '__main__' == __name__:\n    run()", None),
        ("if __name__ == '__main__' and toolbox.flag:\n    START", None),
        ("if __name__ != '__main__':\n    pass\nelse:\n    START", None),
        ("if not __name__ == '__main__':\n    sys.exit()\nSTART", None),
        ("if __name__ in ('__main__', 'tool'):\n    START", None),
        ("if __name__ == '_main_':\n    START", "misspelt"),
        ("if __name__ == 'main':\n    START", "misspelt"),
        ("if mp.parent_process() is None:\n    START", "none"),  # None in the child, too
        ("if mp.current_process().name == 'MainProcess':\n    START", None),
        ("def main():\n    START", None),
        ("mp.Pool()", "none"),
        ("mp.Manager()", "none"),
        ("mp.Process(target=print)", None),  # made, not started
        ("mp.Queue()", None),
        ("threading.Thread(target=print).start()", None),
        ("mp.get_context('fork').Process(target=print).start()", None),
        ("mp.get_context('spawn').Process(target=print).start()", "none"),
        ("toolbox.context.Process(target=print).start()", None),
        ("mp.set_start_method('fork')\nSTART", None),
        ("first(second)", "none"),
        ("concurrent.futures.ProcessPoolExecutor()", None),  # starts nothing before the first task
        ("concurrent.futures.ProcessPoolExecutor().submit(print)", "none"),
    ],
)
def test_unguarded(tmp_path: Path, lines: str, guard: str | None) -> None:
    source = """
        import concurrent.futures

        def run():
            START

        def second():
            run()

        def first(function):
            function()

        BODY
    """
    start = "mp.Process(target=print).start()"
    program = small(tmp_path, put_into(source, lines).replace("START", start))
    found = program.program.startup.unguarded(program.path)
    assert (found is not None) is (guard is not None)
    if found is not None:
        assert (found.guard is not None) is (guard == "misspelt")
        assert "fork" not in found.start_methods or guard == "misspelt"


def test_folders_of_examples_are_read_and_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "testdata"
    folder.mkdir()
    (tmp_path / "pyproject.toml").touch()
    (folder / "main.py").write_text("import multiprocessing\nmultiprocessing.Pool()\n")
    [(_, program, _)] = programs([folder / "main.py"])
    assert program.startup.starts
    assert program.startup.unguarded(folder / "main.py") is None


# Interfaces ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "effect"),
    [
        ("jobs.task_done()", "AttributeError"),
        ("jobs.pop()", "AttributeError"),
        ("jobs.receive", "AttributeError"),
        ("simple.qsize()", "AttributeError"),
        ("reader.put(1)", "AttributeError"),
        ("reader.send(1)", "OSError"),
        ("writer.recv()", "OSError"),
        ("mp.Queue.get()", "function, not a queue"),
        ("mp.Empty", "no such name"),
        ("simple.get(timeout=1)", "TypeError"),
        ("simple.get(True)", "TypeError"),
        ("len(jobs)", "TypeError"),
        ("1 in jobs", "TypeError"),
        ("for job in jobs: pass", "TypeError"),
        ("if jobs: jobs.get()", "always true"),
        ("while not jobs: pass", "always true"),
        ("jobs.qsize()", None),
        ("jobs._buffer", None),
        ("joinable.task_done()", None),
        ("reader.recv()", None),
        ("both.send(1)", None),
        ("either.send(1)", None),
        ("simple.get()", None),
        ("mp.cpu_count()", None),
        ("toolbox.Empty", None),
        ("threads.task_done()", None),
        ("len(threads.queue)", None),
        ("n.pop()", None),
        ("(jobs if n else []).pop()", None),
        ("len(n)", None),
        ("for job in [jobs]: pass", None),
        ("for job in iter(jobs.get, None): pass", None),
        ("if not jobs: raise ValueError", None),  # asks whether there is a queue
        ("if jobs is not None: pass", None),
        ("if jobs == n: pass", None),
        ("if hasattr(jobs, 'pop'): jobs.pop()", None),
    ],
)
def test_missing_operations(tmp_path: Path, line: str, effect: str | None) -> None:
    program = small(
        tmp_path,
        f"""
        def function(n):
            jobs, simple, joinable = mp.Queue(), mp.SimpleQueue(), mp.JoinableQueue()
            threads = queue.Queue()
            reader, writer = mp.Pipe(duplex=False)
            both, _ = mp.Pipe()
            either, _ = mp.Pipe(True if n else False)
            {line}  # here
        """,
    )
    view = program.view()
    asked = (cst.Attribute, cst.Call, cst.Comparison, cst.Name, cst.UnaryOperation)
    found = {
        missing.effect
        for at, node in enumerate(view.lowered.nodes)
        if isinstance(node, asked) and program.is_at(view.place(at), "here")
        for missing in view.missing_operations(node)
    }
    assert len(found) == (effect is not None)
    assert effect is None or effect in found.pop()


@pytest.mark.parametrize(
    ("call", "effect"),
    [
        ("jobs.get(5)", "waits for ever"),
        ("jobs.put(1, 5)", "waits for ever"),
        ("jobs.get(0.5)", "waits for ever"),
        ("jobs.get(block=False, timeout=3)", "does not wait"),
        ("reader.recv(3)", "TypeError"),
        ("jobs.get(True, 5)", None),
        ("jobs.get(1)", None),
        ("jobs.get(False)", None),
        ("jobs.get(timeout=5)", None),
        ("jobs.get(n)", None),
        ("jobs.get(n, 5)", None),
        ("jobs.get(False, 0)", None),
        ("reader.recv()", None),
        ("queue.Queue().get(5)", None),
        ("(jobs if n else {}).get(5)", None),
    ],
)
def test_misplaced_timeout(tmp_path: Path, call: str, effect: str | None) -> None:
    source = f"def function(n):\n    jobs, (reader, _) = mp.Queue(), mp.Pipe()\n    {call}  # here"
    program = small(tmp_path, source)
    found = program.program.interfaces.misplaced_timeout(program.operation("here"))
    assert (found is not None) is (effect is not None)
    assert found is None or (effect is not None and effect in found.effect)


@pytest.mark.parametrize(
    ("call", "handler", "wrong", "missing"),
    [
        ("jobs.get(timeout=1)", "except TimeoutError", True, False),
        ("jobs.get(timeout=1)", "except mp.TimeoutError", True, False),
        ("jobs.get_nowait()", "except mp.Queue.Empty", True, True),
        ("jobs.get(timeout=1)", "except jobs.Empty", True, True),
        ("few.put(1, timeout=1)", "except queue.Empty", True, False),
        ("jobs.get(timeout=1)", "except queue.Empty", False, False),
        ("jobs.get(timeout=1)", "except mp.queues.Empty", False, False),
        ("jobs.get(timeout=1)", "except (TimeoutError, queue.Empty)", False, False),
        ("jobs.get(timeout=1)", "except Exception", False, False),
        ("jobs.get(timeout=1)", "except", False, False),
        ("jobs.get(timeout=1)", "except toolbox.Empty", False, False),  # may be the same
        ("jobs.get(timeout=1)", "except ValueError", False, False),  # meant for something else
        ("jobs.get()", "except TimeoutError", False, False),  # raises nothing of the kind
        ("jobs.put(1, timeout=1)", "except TimeoutError", False, False),  # is never full
        ("queue.Queue().get(timeout=1)", "except TimeoutError", False, False),
        ("n.get(timeout=1)", "except TimeoutError", False, False),
    ],
)
def test_wrong_handler(tmp_path: Path, call: str, handler: str, wrong: bool, missing: bool) -> None:
    program = small(
        tmp_path,
        f"""
        def function(n):
            jobs, few = mp.Queue(), mp.Queue(3)
            try:
                {call}  # here
            {handler}:
                pass
        """,
    )
    operations = program.operations("here")
    found = [program.program.interfaces.wrong_handler(operation) for operation in operations]
    assert any(found) is wrong
    if wrong:
        assert found[-1] is not None and found[-1].missing is missing
