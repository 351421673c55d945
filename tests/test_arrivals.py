"""The questions about barriers and conditions, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

BARRIER = """
    def work(together):
        WORK

    def main(n, names):
        together = mp.Barrier(PARTIES)
        workers = [mp.Process(target=work, args=(together,)) for _ in range(COUNT)]
        for worker in workers:
            worker.start()
        PARENT
        for worker in workers:
            worker.join()

    main(int(sys.argv[1]), sys.argv)
    """
WAIT, PARENT = "together.wait()  # wait", "together.wait()  # parent"


@pytest.mark.parametrize(
    ("parties", "count", "parent", "why"),
    [
        ("3", "2", "", "opens for 3 at a time, and 2 come"),
        ("3", "2", PARENT, None),
        ("2", "2", PARENT, "opens for 2 at a time, and 3 come"),
        ("2", "4", "", None),  # two by two
        ("n", "n", "", None),
        ("n + 1", "n", "", "opens for n + 1 at a time, and n come"),
        ("n + 1", "n", PARENT, None),
        ("n", "n", PARENT, "opens for n at a time, and n + 1 come"),
        ("n - 1", "n", "", "opens for n - 1 at a time, and n come"),
        ("n or 1", "n", "", None),  # who knows
        ("(n or 1) + 1", "n or 1", "", "opens for 1 more than come"),
        ("len(names)", "n", "", None),
        ("3, None, 5", "2", "", None),
        ("3, timeout=n", "2", "", None),
    ],
)
def test_how_many_come_to_a_barrier(
    tmp_path: Path, parties: str, count: str, parent: str, why: str | None
) -> None:
    source = BARRIER.replace("WORK", WAIT).replace("PARENT", parent or "pass")
    program = small(tmp_path, source.replace("PARTIES", parties).replace("COUNT", count))
    stuck = program.program.signals.arrivals.stuck(program.operation("wait"))
    assert (stuck is None) is (why is None)
    assert stuck is None or (why or "") in stuck.why
    assert stuck is None or "the parent included" in stuck.cure


@pytest.mark.parametrize(
    ("work", "fails"),
    [
        (f"toolbox.work()\n{WAIT}", True),
        (f"sys.exit()\n{WAIT}", True),
        (f"{WAIT}\ntoolbox.work()", False),
        (f"try:\n    toolbox.work()\nfinally:\n    {WAIT}", False),
        (f"try:\n    toolbox.work()\nexcept OSError:\n    together.abort()\n{WAIT}", False),
        ("toolbox.work()\ntogether.wait(3)  # wait", False),
        (f"toolbox.work(together)\n{WAIT}", False),
    ],
)
def test_who_ends_before_it_comes_to_a_barrier(tmp_path: Path, work: str, fails: bool) -> None:
    source = BARRIER.replace("WORK", "BODY").replace("PARENT", "pass")
    source = put_into(source.replace("PARTIES", "2").replace("COUNT", "2"), work)
    program = small(tmp_path, source)
    stuck = program.program.signals.arrivals.stuck(program.operation("wait"))
    assert (stuck is not None and stuck.failure is not None) is fails
    assert stuck is None or ("can end by an error before" in stuck.why and "abort" in stuck.cure)


CONDITION = """
    def helper(condition):
        condition.notify()  # helper

    def work(condition, lock, ready):
        BODY

    def main():
        lock, ready = mp.Lock(), mp.Value("b", 0)
        condition = mp.Condition(lock)
        worker = mp.Process(target=work, args=(condition, lock, ready))
        worker.start()
        with condition:
            condition.notify()

    main()
    """


@pytest.mark.parametrize(
    ("body", "unheld"),
    [
        ("condition.wait()  # here", True),
        ("condition.notify_all()  # here", True),
        ("with condition:\n    condition.wait()  # here", False),
        ("with lock:\n    condition.wait()  # here", False),
        ("with condition:\n    pass\ncondition.notify()  # here", True),
        ("with ready.get_lock():\n    condition.notify()  # here", True),
        ("with toolbox.held(1):\n    condition.notify()  # here", False),
        ("condition.acquire()\ncondition.notify()  # here", False),
        ("with toolbox.held(condition):\n    condition.notify()  # here", False),
    ],
)
def test_whether_a_condition_is_held(tmp_path: Path, body: str, unheld: bool) -> None:
    program = small(tmp_path, put_into(CONDITION, body))
    found = program.program.signals.conditions.unheld(program.operation("here"))
    assert (found is not None) is unheld


TWO = """
    def work(full, empty, count):
        BODY

    def main():
        count, other = mp.Value("i", 0), mp.Value("i", 0)
        lock = mp.Lock()
        empty, full = PAIR
        worker = mp.Process(target=work, args=(full, empty, count))
        worker.start()
        with full:
            full.notify()

    main()
    """


@pytest.mark.parametrize(
    ("pair", "body", "unheld"),
    [
        ("mp.Condition(lock), mp.Condition(lock)", "with empty:\n    full.notify()", False),
        ("mp.Condition(lock), mp.Condition()", "with empty:\n    full.notify()", True),
        (
            "mp.Condition(count.get_lock()), mp.Condition(count.get_lock())",
            "with empty:\n    full.notify()",
            False,
        ),
        (
            "mp.Condition(other.get_lock()), mp.Condition(count.get_lock())",
            "with empty:\n    full.notify()",
            True,
        ),
        (
            "mp.Condition(), mp.Condition(count.get_lock())",
            "with count.get_lock():\n    full.notify()",
            False,
        ),
        (
            "mp.Condition(lock), mp.Condition(lock)",
            "empty.acquire()\nfull.notify()\nempty.release()",
            False,
        ),
        (
            "mp.Condition(), mp.Condition()",
            "empty.acquire()\nfull.notify()\nempty.release()",
            True,
        ),
        ("mp.Condition(), mp.Condition(toolbox.lock())", "full.notify()", False),
    ],
)
def test_conditions_that_share_a_lock(tmp_path: Path, pair: str, body: str, unheld: bool) -> None:
    source = TWO.replace("PAIR", pair)
    program = small(tmp_path, put_into(source, body.replace("notify()", "notify()  # here")))
    found = program.program.signals.conditions.unheld(program.operation("here"))
    assert (found is not None) is unheld


def test_a_decorator_may_hold_a_condition(tmp_path: Path) -> None:
    source = CONDITION.replace("def helper", "@toolbox.locked\n    def helper")
    program = small(tmp_path, put_into(source, "helper(condition)"))
    conditions = program.program.signals.conditions
    assert all(conditions.unheld(operation) is None for operation in program.operations("helper"))


@pytest.mark.parametrize(
    ("body", "unheld"),
    [
        ("helper(condition)", True),
        ("with condition:\n    helper(condition)", False),
        ("with condition:\n    helper(condition)\nhelper(condition)", False),
    ],
)
def test_whether_a_caller_holds_a_condition(tmp_path: Path, body: str, unheld: bool) -> None:
    program = small(tmp_path, put_into(CONDITION, body))
    found = program.program.signals.conditions.unheld(program.operation("helper"))
    assert (found is not None) is unheld


@pytest.mark.parametrize(
    ("body", "unheard"),
    [
        ("with condition:\n    condition.wait()  # here", True),
        ("with condition:\n    print()\n    condition.wait()  # here", True),
        ("with condition:\n    condition.wait(5)  # here", False),
        ("with condition:\n    condition.wait_for(print)  # here", False),
        ("with condition:\n    ready.value = 1\n    condition.wait()  # here", False),
        ("with condition:\n    toolbox.tell()\n    condition.wait()  # here", False),
        ("with condition:\n    if not ready.value:\n        condition.wait()  # here", False),
        ("with condition:\n    while not ready.value:\n        condition.wait()  # here", False),
    ],
)
def test_whether_a_notification_can_be_missed(tmp_path: Path, body: str, unheard: bool) -> None:
    program = small(tmp_path, put_into(CONDITION, body))
    found = program.program.signals.conditions.unheard(program.operation("here"))
    assert (found is not None) is unheard
    assert found is None or found.notify is not None


@pytest.mark.parametrize(
    ("parent", "missed"),
    [
        ("with condition:\n    condition.notify()", True),
        ("for _ in sys.argv:\n    with condition:\n        condition.notify()", False),
        ("ready.get()\nwith condition:\n    condition.notify()", False),
        ("pass", None),
    ],
)
def test_when_a_notification_comes(tmp_path: Path, parent: str, missed: bool | None) -> None:
    source = """
        def work(condition, ready):
            ready.put(1)
            with condition:
                condition.wait()  # here

        def main():
            condition, ready = mp.Condition(), mp.Queue()
            worker = mp.Process(target=work, args=(condition, ready))
            worker.start()
            BODY

        main()
        """
    program = small(tmp_path, put_into(source, parent))
    found = program.program.signals.conditions.unheard(program.operation("here"))
    assert (found is not None and found.notify is not None) is (missed is True)
    assert (found is not None and found.notify is None) is (missed is None)
