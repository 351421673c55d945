"""How consumers are told to stop, and how many are."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import put_into, small

from mplint.model.values import Literal


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
