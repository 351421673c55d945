"""What runs while a lock is held, and which lock an object stands for."""

from __future__ import annotations

from pathlib import Path

import pytest
from small import Small, put_into, small

from mplint.model import facts as f
from mplint.model.sharing.held import is_given, lock_of

HELD = """
    lock, other, bell = mp.Lock(), mp.Lock(), mp.Condition()

    def one(flag):
        toolbox.one()

    def two(flag):
        toolbox.two()

    def made(flag):
        yield toolbox.one()

    def first(flag): second(flag)
    def second(flag): third(flag)
    def third(flag): fourth(flag)
    def fourth(flag): fifth(flag)
    def fifth(flag): sixth(flag)
    def sixth(flag): seventh(flag)
    def seventh(flag): toolbox.one()

    def work(flag):
        BODY

    def main():
        mp.Process(target=work, args=(toolbox.flag,)).start()

    main()
"""


def held(program: Small) -> str:
    """What of a library is called while a lock is held; `name?` where it may be gone around. And
    `raise`, where something is raised."""
    regions = program.program.locks.regions
    found = set()
    for region in regions.all():
        for inside in regions.inside(region):
            outline = program.program.outline(inside.activation)
            match outline.expressions.get(inside.at), outline.steps.get(inside.at):
                case f.Call(function=f.Attribute(value=f.Name(id="toolbox"), name=name)), _:
                    found.add(name if inside.certain else f"{name}?")
                case _, f.Leave(kind="raise"):
                    found.add("raise")
    return " ".join(sorted(found))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("with lock:\n    toolbox.one()\ntoolbox.two()", "one"),
        ("with lock:\n    raise ValueError", "raise"),
        ("with toolbox.zero(), lock, toolbox.one():\n    toolbox.two()", "one two"),
        ("lock.acquire()\ntoolbox.one()\nlock.release()\ntoolbox.two()", "one"),
        (
            "lock.acquire()\ntry:\n    toolbox.one()\nfinally:\n    lock.release()\ntoolbox.two()",
            "one",
        ),
        ("if flag:\n    lock.acquire()\n    toolbox.one()\n    lock.release()", "one"),
        ("with lock:\n    other.release()\n    toolbox.one()", "one"),
        # it may not be held, or not for so long
        ("with lock if flag else toolbox.lock:\n    toolbox.one()", ""),
        ("lock.acquire(flag)\ntoolbox.one()\nlock.release()", ""),
        ("lock.acquire(timeout=1)\ntoolbox.one()\nlock.release()", ""),
        ("print(lock.acquire())\ntoolbox.one()\nlock.release()", ""),
        ("with lock:\n    toolbox.one()\n    lock.release()\n    toolbox.two()", ""),
        ("with bell:\n    toolbox.one()\n    bell.wait()\n    toolbox.two()", ""),
        (
            "lock.acquire()\ntry:\n    toolbox.one()\n    lock.release()\n    toolbox.two()\n"
            "finally:\n    toolbox.three()",
            "",
        ),
        (
            "lock.acquire()\ntry:\n    toolbox.one()\nexcept ValueError:\n    pass\n"
            "finally:\n    lock.release()",
            "",
        ),
        # what is called runs as well
        ("with lock:\n    one(flag)", "one"),
        ("with lock:\n    (one if flag else two)(flag)", "one? two?"),
        ("with lock:\n    made(flag)", ""),
        ("with lock:\n    second(flag)", "one"),
        ("with lock:\n    first(flag)", ""),  # that is too far
    ],
)
def test_what_runs_while_a_lock_is_held(tmp_path: Path, body: str, found: str) -> None:
    assert held(small(tmp_path, put_into(HELD, body))) == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("toolbox.one()\nif flag:\n    toolbox.two()", "one two?"),
        ("if toolbox.one():\n    pass\nelif toolbox.two():\n    pass", "one two?"),
        ("match toolbox.one():\n    case 1:\n        toolbox.two()", "one two?"),
        ("toolbox.one() if flag else toolbox.two()", "one? two?"),
        ("toolbox.one() and toolbox.two()", "one two?"),
        (
            "try:\n    toolbox.one()\nexcept ValueError:\n    toolbox.two()\n"
            "else:\n    toolbox.three()\nfinally:\n    toolbox.four()",
            "four one three? two?",
        ),
        ("for _ in toolbox.one():\n    pass\nelse:\n    toolbox.two()", "one two?"),
        ("while flag:\n    pass\nelse:\n    toolbox.two()", "two?"),
        ("toolbox.one()\nif flag:\n    return\ntoolbox.two()", "one two?"),
    ],
)
def test_what_a_called_function_may_go_around(tmp_path: Path, body: str, found: str) -> None:
    source = put_into(HELD.replace("toolbox.one()\n\n    def two", "BODY\n\n    def two", 1), body)
    program = small(tmp_path, source.replace("BODY", "with lock:\n        one(flag)"))
    assert held(program) == found


@pytest.mark.parametrize(
    ("made", "lock"),
    [
        ("mp.Lock()  # here", "here"),
        ("mp.RLock()  # here", "here"),
        ("mp.Manager().Lock()  # here", "here"),
        ("mp.Value('i')  # here", "here"),
        ("total.get_lock()  # here", "total"),
        ("mp.Value('i', lock=outer)  # here", "outer"),
        ("mp.RawValue('i')  # here", None),
        ("mp.Condition()  # here", "here"),
        ("mp.Condition(outer)  # here", "outer"),
        ("threading.Lock()  # here", None),
        ("mp.Queue()  # here", None),
    ],
)
def test_the_lock_behind_an_object(tmp_path: Path, made: str, lock: str | None) -> None:
    source = "outer = mp.Lock()  # outer\ntotal = mp.Value('i')  # total\n"
    program = small(tmp_path, source + f"one = {made}\nhere(one)  # use")
    [value] = program.program.values(*program.given("use"))
    found = lock_of(program.program, value)
    assert (found in program.made(lock)) if lock else (found is None)


@pytest.mark.parametrize(
    ("given", "handed"),
    [
        ("lock", True),
        ("1, lock", True),
        ("lock.release", True),
        ("[lock, 1]", True),
        ("value=lock", True),
        ("other", False),
        ("other.release", False),
        ("[other]", False),
        ("", False),
    ],
)
def test_what_is_handed_a_lock(tmp_path: Path, given: str, handed: bool) -> None:
    source = f"lock = mp.Lock()  # made\nother = mp.Lock()\nhere({given})  # here"
    program = small(tmp_path, source)
    [lock] = program.made("made")
    activation, at = next(program.calls("here", "here"))
    assert is_given(program.program, lock, activation, at) is handed
