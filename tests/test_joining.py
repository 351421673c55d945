"""The questions about how processes are waited for, each with every answer it can give."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import Small, put_into, small

FUNCTION = """
    lock, total, everybody = mp.Lock(), mp.Value("i"), mp.Barrier(2)

    def work(*given):
        pass

    def meet():
        everybody.wait()

    def locked():
        with lock:
            pass

    def abort():
        everybody.reset()

    def meet_threads():
        threading.Barrier(2).wait()

    managed = mp.Manager().Barrier(2)

    def meet_managed():
        managed.wait()

    gate = mp.Lock()

    def open_gate():
        gate.release()

    def fill(into):
        into.value = 3

    def peek(into):
        into.get_lock()

    def note(into):
        into.note = 3

    def fill_some(into):
        (into if toolbox.flag else total).value = 3

    def fail():
        toolbox.work()

    def tell(results):
        results.put(toolbox.work())

    def leave():
        if toolbox.done:
            sys.exit(1)

    def make_room():
        os.mkdir("room")

    def log():
        open("log", "w").write(toolbox.work())

    def sign():
        everybody.abort()
        toolbox.work()

    @toolbox.shield
    def shielded():
        toolbox.work()

    class Child(mp.Process):
        def run(self):
            toolbox.work()

    def safe():
        try:
            toolbox.work()
        except Exception:
            pass

    def function(flag, names):
        BODY
"""


def function(folder: Path, body: str) -> Small:
    return small(folder, put_into(FUNCTION, body))


TURN = "for n in {}:\n    p = {}(target={})\n    p.start()\n    p.join()  # here"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("for p in ps:\n    p.start()\n    p.join()  # here", True),
        ("for p in ps:\n    p.start()\n    print(p.name)\n    p.join()  # here", True),
        ("for p in ps:\n    p.start()\n    for q in ps:\n        q.join()  # here", True),
        ("for p in ps:\n    p.start()\n    p.is_alive()\n    p.join()  # here", True),
        ("for p in ps:\n    p.join()  # here\n    p.start()", False),
        ("q = ps[0]\nfor p in ps:\n    q.start()\n    p.start()\n    p.join()  # here", False),
        ("for p in ps:\n    p.start()\n    for q in ps[:]:\n        q.join()  # here", False),
        (
            "for p in ps:\n    p.start()\n    qs = [p]\n    for q in qs:\n        q.join()  # here",
            False,
        ),
        ("for p in ps:\n    p.start()\nfor p in ps:\n    p.join()  # here", False),
        ("for p in ps:\n    p.start()\n    p.join(3)  # here", False),
        ("for p in ps:\n    p.start()\n    if flag:\n        p.join()  # here", False),
        ("for p in ps:\n    if flag:\n        p.start()\n    p.join()  # here", False),
        ("for p in ps:\n    p.start()\n    p.join()  # here\n    if p.exitcode: break", False),
        ("for p in ps:\n    p.start()\n    p.join()  # here\n    print(p.exitcode)", False),
        ("for p in ps:\n    p.start()\n    print(p.pid)\n    p.join()  # here", False),
        ("for p in ps:\n    p.start()\n    print(p.sentinel)\n    p.join()  # here", False),
        ("for p in ps:\n    p.start()\n    p.join()  # here\n    print(total.value)", False),
        ("for p in ps:\n    p.start()\n    p.join()  # here\n    if flag: break", False),
        ("for p in ps:\n    p.start()\n    p.join()  # here\n    with flag: print()", False),
        (
            "for p in ps:\n    p.start()\n    p.join()  # here\n    try:\n        print()\n"
            "    finally:\n        print()",
            False,
        ),
        ("for p in ps:\n    p.start()\n    p.join()  # here\n    toolbox.check()", False),
        (
            "pair = (mp.Process(target=work), mp.Process(target=work))\n"
            "for p in pair:\n    p.start()\n    p.join()  # here",
            False,
        ),
        ("for p in ps:\n    p.start()\n    mp.Pool()\n    p.join()  # here", False),
        ("for p in ps[:1]:\n    p.start()\nps[0].join()  # here", False),
        ("p = ps[0]\np.start()\np.join()  # here", False),
        (TURN.format("names", "mp.Process", "work"), False),
        (TURN.format("range(mp.cpu_count())", "mp.Process", "work"), True),
        (TURN.format("names", "mp.Process", "locked"), False),
        (TURN.format("names", "mp.Process", "meet"), True),
        (TURN.format("range(3)", "mp.Process", "meet"), True),
        (TURN.format("[1]", "mp.Process", "meet"), False),
        (TURN.format("names", "mp.Process", "abort"), False),
        (TURN.format("names", "mp.Process", "meet_threads"), False),
        (TURN.format("names", "mp.Process", "meet_managed"), True),
        ("meet()\n" + TURN.format("names", "mp.Process", "meet"), False),
        (TURN.format("names", "threading.Thread", "meet"), False),
    ],
)
def test_joined_in_the_turn_that_starts(tmp_path: Path, body: str, found: bool) -> None:
    program = function(tmp_path, f"ps = [mp.Process(target=work) for _ in names]\n{body}")
    joining = program.program.joining
    assert any(joining.serial(o) for o in program.operations("here")) is found


LOOP = "for n in names:\n    p = mp.Process(target=work, args=(n,))\n    p.start()\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (LOOP + "p.join()  # here\nprint(1)", True),
        (LOOP + "p.join()  # here", False),
        (LOOP.replace("(n,)", "(n,), daemon=True") + "p.join()  # here", True),
        (LOOP + "    names.append(p)\np.join()  # here\nprint(1)", False),
        (LOOP + "    ps.append(p)\np.join()  # here\nprint(1)", False),
        (LOOP + "    p.join()\np.join()  # here\nprint(1)", False),
        (LOOP + "    break\np.join()  # here\nprint(1)", False),
        (LOOP + "mp.Queue().get()\np.join()  # here\nprint(1)", False),
        (LOOP + "p.join(3)  # here\nprint(1)", False),
        (LOOP + "p.join()  # here\nreturn p, print(1)", False),
        (LOOP.replace("names", "[1]") + "p.join()  # here\nprint(1)", False),
        (LOOP + "p.join()  # here\nprint(1)\nreturn p", False),
        (LOOP + "    p.join()  # here\nprint(1)", False),
        (LOOP + "p.start()\np.join()  # here\nprint(1)", False),
        (
            LOOP + "if flag:\n    p = mp.Process(target=safe)\np.join()  # here\nprint(1)",
            False,
        ),
        (LOOP.replace("p.start", "if n: p.start") + "p.join()  # here\nprint(1)", False),
        (LOOP.replace("p = mp", "if n: p = mp") + "p.join()  # here\nprint(1)", False),
        (LOOP + "p = toolbox.p()\np.join()  # here\nprint(1)", False),
        (LOOP.replace("mp.Process", "threading.Thread") + "p.join()  # here\nprint(1)", False),
    ],
)
def test_only_the_last_is_joined(tmp_path: Path, body: str, found: bool) -> None:
    program = function(tmp_path, "ps = []\n" + body)
    joining = program.program.joining
    assert any(joining.only_last(o) for o in program.operations("here")) is found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("lock.acquire(timeout=1)", True),
        ("lock.acquire(True, 1)", True),
        ("lock.acquire(False)", True),
        ("lock.acquire(block=False)", True),
        ("lock.acquire()", False),
        ("lock.acquire(timeout=None)", False),
        ("lock.acquire(flag)", False),
        ("got = lock.acquire(timeout=1)", False),
        ("if lock.acquire(timeout=1): pass", False),
        ("with lock: pass", False),
        ("threading.Lock().acquire(timeout=1)", False),
        ("mp.Semaphore().acquire(timeout=1)", True),
        ("total.acquire(timeout=1)", False),
        ("mp.Manager().Lock().acquire(timeout=1)", False),
        ("(lock if flag else threading.Lock()).acquire(timeout=1)", False),
        ("lock.acquire(flag, 1)", False),
        ("mp.Process(target=open_gate).start(); gate.acquire(timeout=1)", False),
    ],
)
def test_whether_a_lock_was_got(tmp_path: Path, line: str, found: bool) -> None:
    program = function(tmp_path, f"{line}  # here")
    joining = program.program.joining
    assert any(joining.lock_not_asked_for(o) for o in program.operations("here")) is found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("p.join(3)  # here\nprint(total.value)", True),
        ("p.join(timeout=3)  # here\nreturn total.value", True),
        ("p.join()  # here\nprint(total.value)", False),
        ("print(total.value)\np.join(3)  # here", False),
        ("p.join(3)  # here\nprint(1)", False),
        ("p.join(3)  # here\nif p.is_alive(): return\nprint(total.value)", False),
        ("p.join(3)  # here\nif p.exitcode: return\nprint(total.value)", False),
        ("p.join(3)  # here\np.kill()\nprint(total.value)", False),
        ("p.join(3)  # here\np.join()\nprint(total.value)", False),
        ("while flag:\n    p.join(3)  # here\n    print(total.value)", False),
        ("p.daemon = True\np.join(3)  # here\nprint(total.value)", False),
        ("x = p.join(3)  # here\nprint(total.value)", False),
        ("toolbox.watch(p)\np.join(3)  # here\nprint(total.value)", False),
        ("fill(total)\np.join(3)  # here\nprint(total.value)", False),
        ("either = total if flag else flag\np.join(3)  # here\nprint(either.value)", False),
    ],
)
def test_what_is_used_too_early(tmp_path: Path, body: str, found: bool) -> None:
    program = function(tmp_path, f"p = mp.Process(target=fill, args=(total,))\np.start()\n{body}")
    answers = [program.program.joining.stale(o) for o in program.operations("here")]
    assert any(answers) is found
    for answer in filter(None, answers):
        assert (answer.text, answer.worker.name) == ("total", "fill")


@pytest.mark.parametrize(
    ("target", "made", "found"),
    [
        ("fill", "total", True),
        ("peek", "total", False),
        ("note", "everybody", False),
        ("fill_some", "mp.Value('i')", False),
    ],
)
def test_what_a_process_fills(tmp_path: Path, target: str, made: str, found: bool) -> None:
    program = function(
        tmp_path,
        f"into = {made}\np = mp.Process(target={target}, args=(into,))\np.start()\n"
        "p.join(3)  # here\nprint(into, into.value)",
    )
    assert any(program.program.joining.stale(o) for o in program.operations("here")) is found


def test_a_process_of_an_own_class_fails(tmp_path: Path) -> None:
    program = function(tmp_path, "p = Child()\np.start()\np.join()  # here\nprint(1)")
    joining = program.program.joining
    assert any(joining.unnoticed(o) for o in program.operations("here"))


@pytest.mark.parametrize(
    ("target", "after", "found"),
    [
        ("fail", "print(1)", True),
        ("fail", "pass", False),
        ("fail", "print(p.exitcode)", False),
        ("fail", "print(flag.exitcode)", False),
        ("fail", "toolbox.look(p)", False),
        ("safe", "print(1)", False),
        ("leave", "print(1)", False),
        ("make_room", "print(1)", False),
        ("log", "print(1)", False),
        ("sign", "print(1)", False),
        ("shielded", "print(1)", False),
        ("sys.exit", "print(1)", False),
        ("tell, args=(mp.Queue(),)", "print(1)", False),
        ("fill, args=(total,)", "print(1)", False),
    ],
)
def test_who_notices_a_failure(tmp_path: Path, target: str, after: str, found: bool) -> None:
    body = f"p = mp.Process(target={target})\np.start()\np.join()  # here\n{after}"
    program = function(tmp_path, body)
    joining = program.program.joining
    assert any(joining.unnoticed(o) for o in program.operations("here")) is found
