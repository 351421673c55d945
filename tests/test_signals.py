"""The questions about events, barriers and conditions, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

EVENT = """
    class Work(mp.Process):
        def __init__(self, done):
            super().__init__()
            self.done = done

        def run(self):
            WORK

    def main():
        done = mp.Event()
        work = Work(done)
        work.start()
        done.wait()  # wait
        work.join()

    main()
    """


@pytest.mark.parametrize(
    ("work", "why"),
    [
        ("self.done.set()", None),
        ("toolbox.work(); self.done.set()", "can end by an error before"),
        ("self.done.set(); toolbox.work()", None),
        ("sys.exit(); self.done.set()", "can end by an error before"),
        ("self.done.is_set()", None),  # others may, who know the attribute
        ("toolbox.work(self.done)", None),  # which may set it
    ],
)
def test_whether_an_event_is_set(tmp_path: Path, work: str, why: str | None) -> None:
    program = small(tmp_path, EVENT.replace("WORK", work))
    unset = program.program.signals.unset(program.operation("wait"))
    assert (unset and unset.why[-len(why or "") :]) == why
    assert unset is None or unset.cure


PARENT = """
    def work(go):
        go.wait()  # wait

    def main():
        go = mp.Event()
        worker = mp.Process(target=work, args=(go,))
        BODY

    main()
    """


@pytest.mark.parametrize(
    ("body", "late"),
    [
        ("worker.start(); go.set(); worker.join()", False),
        ("worker.start(); worker.join(); go.set()", True),
        ("worker.start(); worker.join(3); go.set()", False),
        ("worker.start()\nif sys.argv:\n    go.set()\nworker.join(); go.set()", False),
        ("worker.start(); threading.Timer(1, go.set).start(); worker.join(); go.set()", False),
        ("worker.start(); worker.terminate(); worker.join(); go.set()", False),
    ],
)
def test_whether_an_event_is_set_too_late(tmp_path: Path, body: str, late: bool) -> None:
    program = small(tmp_path, put_into(PARENT, body))
    unset = program.program.signals.unset(program.operation("wait"))
    assert (unset is not None) is late
    if unset is not None:
        assert unset.blocked is not None and unset.blocked.does == "join"
        assert "is set only after" in unset.why and "first" in unset.cure


@pytest.mark.parametrize(("first", "late"), [("wait", True), ("start", False)])
def test_a_setter_that_is_started_after_the_wait(tmp_path: Path, first: str, late: bool) -> None:
    calls = {"wait": "up.wait()  # wait", "start": "worker.start()"}
    program = small(
        tmp_path,
        f"""
        def work(up):
            up.set()

        def main():
            up = mp.Event()
            worker = mp.Process(target=work, args=(up,))
            {calls.pop(first)}
            {calls.popitem()[1]}

        main()
        """,
    )
    unset = program.program.signals.unset(program.operation("wait"))
    assert (unset is not None) is late
    assert unset is None or ("started only after" in unset.why and "Start" in unset.cure)


@pytest.mark.parametrize(
    ("body", "missed"),
    [
        ("worker.start()\ngo.set()\ngo.clear()  # clear", True),
        ("worker.start()\ngo.set()\nworker.join()\ngo.clear()  # clear", False),
        ("worker.start()\nfor _ in range(3):\n    go.set()\n    go.clear()  # clear", False),
        ("worker.start()\ngo.clear()  # clear\ngo.set()", False),
        ("worker.start()\ngo.set()\nif sys.argv:\n    go.clear()  # clear", False),
    ],
)
def test_an_event_that_is_cleared_at_once(tmp_path: Path, body: str, missed: bool) -> None:
    program = small(tmp_path, put_into(PARENT, body))
    pulse = program.program.signals.pulse(program.operation("clear"))
    assert (pulse is not None) is missed
    assert pulse is None or (pulse.set.does, pulse.wait.does) == ("set", "wait")


def test_an_event_that_nobody_sets(tmp_path: Path) -> None:
    program = small(tmp_path, put_into(PARENT, "worker.start(); worker.join()"))
    unset = program.program.signals.unset(program.operation("wait"))
    assert unset is not None and unset.why == "no process sets it" and "set()" in unset.cure


@pytest.mark.parametrize(("makes", "found"), [("mp.Event", 1), ("mp.Manager().Event", 1)])
def test_events_of_managers_are_events(tmp_path: Path, makes: str, found: int) -> None:
    source = PARENT.replace("mp.Event", makes)
    program = small(tmp_path, put_into(source, "worker.start(); worker.join(); go.set()"))
    unset = program.program.signals.unset(program.operation("wait"))
    assert (unset is not None) is bool(found)
