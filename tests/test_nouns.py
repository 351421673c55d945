"""Operations, workers and channels: what each knows of itself."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import small

from mplint.model.values import Made

EMPTY, FULL = ("queue.Empty",), ("queue.Full",)


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
