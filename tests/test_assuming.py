"""Paths that agree with themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from small import put_into, small

from mplint.model.nouns import Operation
from mplint.model.paths.assuming import Assumed, Assuming, Assumption, without
from mplint.model.paths.flow import Flow
from mplint.model.paths.machine import NORMAL, Machine, Reason
from mplint.model.values import Site

FUNCTION = """
jobs = mp.Queue()

def helper(flag):
    if flag:
        jobs.put(1)
    if flag:
        jobs.put(1)

def work(flag, other):
    BODY

work(toolbox.a(), toolbox.b())
"""


class _Puts(Machine[int]):
    """How many puts a path has done."""

    def operate(self, state: int, operation: Operation) -> Iterable[int]:
        return (min(state + (operation.does == "put"), 9),)


@pytest.mark.parametrize(
    ("body", "puts"),
    [
        ("if flag: jobs.put(1)\nif flag: jobs.put(1)", {0, 2}),
        ("if flag: jobs.put(1)\nif not flag: jobs.put(1)", {1}),
        ("if not flag: jobs.put(1)\nelse: jobs.put(1)\nif flag: jobs.put(1)", {1, 2}),
        ("if flag: jobs.put(1)\nif other: jobs.put(1)", {0, 1, 2}),
        ("if flag is None: jobs.put(1)\nif flag is not None: jobs.put(1)", {1}),
        ("if flag == 1: jobs.put(1)\nif flag != 1: jobs.put(1)", {1}),
        ("if flag == 1: jobs.put(1)\nif flag == 2: jobs.put(1)", {0, 1, 2}),
        ("if flag in other: jobs.put(1)\nif flag not in other: jobs.put(1)", {1}),
        ("if flag.a: jobs.put(1)\nflag.b = 1\nif not flag.a: jobs.put(1)", {1}),
        ("if flag.a: jobs.put(1)\nflag.a = other\nif not flag.a: jobs.put(1)", {0, 1, 2}),
        ("if flag.a: jobs.put(1)\nflag.b[0] = 1\nif not flag.a: jobs.put(1)", {1}),
        ("if flag.a: jobs.put(1)\nflag.a[0] = 1\nif not flag.a: jobs.put(1)", {0, 1, 2}),
        ("if flag.a.b: jobs.put(1)\nflag.a = other\nif not flag.a.b: jobs.put(1)", {0, 1, 2}),
        ("if flag.a: jobs.put(1)\nflag.b['x'][0] = 1\nif not flag.a: jobs.put(1)", {0, 1, 2}),
        ("if flag.a: jobs.put(1)\nif flag.a: jobs.put(1)", {0, 2}),
        ("if flag.a: jobs.put(1)\nif flag.b: jobs.put(1)", {0, 1, 2}),
        ("if flag(): jobs.put(1)\nif flag(): jobs.put(1)", {0, 1, 2}),
        # parts of tests
        ("if flag and other: jobs.put(1)\nif not flag: jobs.put(1)", {0, 1}),
        ("if not flag: jobs.put(1)\nif flag and other: jobs.put(1)", {0, 1}),
        ("if flag and other: jobs.put(1)\nif flag: jobs.put(1)", {0, 1, 2}),
        ("if flag or other: pass\nelse: jobs.put(1)\nif flag: jobs.put(1)", {0, 1}),
        ("if flag or other: jobs.put(1)\nif flag: jobs.put(1)", {0, 1, 2}),
        ("if not (flag or other): jobs.put(1)\nif flag: jobs.put(1)", {0, 1}),
        # until it changes
        ("if flag: jobs.put(1)\nflag = other\nif flag: jobs.put(1)", {0, 1, 2}),
        ("if flag.a: jobs.put(1)\nflag.a = other\nif flag.a: jobs.put(1)", {0, 1, 2}),
        ("if flag: jobs.put(1)\nflag -= 1\nif flag: jobs.put(1)", {0, 1, 2}),
        ("if flag: jobs.put(1)\nfor flag in other: pass\nif flag: jobs.put(1)", {0, 1, 2}),
        ("if flag: jobs.put(1)\nwith other as flag: pass\nif flag: jobs.put(1)", {0, 1, 2}),
        ("if flag: jobs.put(1)\nif flag := other: pass\nif flag: jobs.put(1)", {0, 1, 2}),
        ("if flag: jobs.put(1)\nmatch other:\n    case [flag]: pass\nif flag: jobs.put(1)",
         {0, 1, 2}),
        # what has waited
        ("lock = mp.Lock()\nflag = lock.acquire()\nif not flag: jobs.put(1)", {0}),
        ("lock = mp.Lock()\nflag = lock.acquire(True)\nif not flag or other:\n"
         "    if flag: jobs.put(1)", {0, 1}),
        ("lock = mp.Lock()\nflag = lock.acquire(True, 1)\nif not flag: jobs.put(1)", {0, 1}),
        ("lock = mp.Lock()\nflag = lock.acquire(False)\nif not flag: jobs.put(1)", {0, 1}),
        ("lock = mp.Lock()\nflag = lock.acquire(), other\nif not flag: jobs.put(1)", {0, 1}),
        ("flag = other.acquire()\nif not flag: jobs.put(1)", {0, 1}),
        # constants
        ("flag = False\nif other: flag = True\nif flag: jobs.put(1)\nif other: jobs.put(1)",
         {0, 2}),
        ("flag = None\nif other: flag = 1\nif flag is not None: jobs.put(1)\n"
         "if other: jobs.put(1)", {0, 2}),
        ("flag = None\nif other: flag = other\nif flag is not None: jobs.put(1)", {0, 1}),
        ("flag = 2\nif flag < 2: jobs.put(1)", {0, 1}),
        ("flag, other = 'ab'\nif flag == 'a': jobs.put(1)\nif flag == 'a': jobs.put(1)", {0, 2}),
        # many tests
        ("if flag.a: pass\nif flag.b: pass\nif flag.c: pass\nif flag.d: pass\n"
         "if flag: jobs.put(1)\nif not flag: jobs.put(1)", {1}),
        # other calls
        ("helper(flag)\nhelper(other)", {0, 2, 4}),
    ],
)  # fmt: skip
def test_paths(tmp_path: Path, body: str, puts: set[int]) -> None:
    program = small(tmp_path, put_into(FUNCTION, body)).program
    [work] = [a for a in program.solver.activations if a.scope.name == "work"]
    ends = Flow(program, Assuming(program, _Puts())).ends(work, Assumed(0))
    assert set(without(ends[NORMAL])) == puts


def test_of_several_reasons_the_likeliest_is_kept(tmp_path: Path) -> None:
    rare, likely = (Reason(Site(tmp_path, at), at) for at in (1, 2))
    activation = small(tmp_path, "").program.solver.modules[tmp_path / "main.py"]
    others = frozenset({Assumption(activation, ("name", "flag"), True)})
    states = {Assumed(0): rare, Assumed(0, others): likely, Assumed(1): None}
    assert without(states) == {0: likely, 1: None}
    assert without(dict(reversed(states.items()))) == {0: likely, 1: None}
