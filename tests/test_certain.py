"""Tests with the same answer on every Python that a program can be for."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from small import small

from mplint.config import PYTHONS
from mplint.model import facts as f
from mplint.model.loading.certain import OLDEST
from mplint.model.loading.extract import lower

IMPORTS = """
import multiprocessing as mp, sys, six
from sys import version_info
from six import PY2
from . import six as other
from .six import PY3 as ours
"""


def test_the_oldest_python_is_that_of_the_settings() -> None:
    assert ".".join(map(str, OLDEST)) == PYTHONS[0]


@pytest.mark.parametrize(
    ("test", "answer"),
    [
        ("sys.version_info[0] == 2", False),
        ("sys.version_info[0] == 3", True),
        ("sys.version_info[0] != 3", False),
        ("sys.version_info[0] == 4", None),
        ("sys.version_info[0] < 3", False),
        ("sys.version_info[0] >= 3", True),
        ("sys.version_info[0] > 2", True),
        ("sys.version_info[0] > 3", None),
        ("sys.version_info[0] <= 3", None),
        ("sys.version_info.major <= 2", False),
        ("sys.version_info[1] >= 8", None),
        ("sys.version_info >= (3, 8)", True),
        ("sys.version_info >= (3, 9)", None),
        ("sys.version_info >= (3, 12)", None),
        ("sys.version_info < (3, 8)", False),
        ("sys.version_info < (3, 11)", None),
        ("sys.version_info <= (3, 7)", False),
        ("sys.version_info <= (3, 8)", None),
        ("sys.version_info > (3,)", True),
        ("sys.version_info > (3, 8)", None),
        ("sys.version_info == (3, 8)", None),
        ("sys.version_info[:2] >= (3, 4)", True),
        ("sys.version_info[1:] >= (8,)", None),
        ("version_info[0] < 3", False),
        ("sys.version_info >= (3, least)", None),
        ("sys.version_info >= least", None),
        ("sys.platform >= (3, 4)", None),
        ("PY2", False),
        ("six.PY3", True),
        ("other.PY3", None),
        ("ours", None),
        ("six.PY34", None),
        ("hasattr(mp, 'get_context')", True),
        ("hasattr(mp, 'new_thing')", None),
        ("hasattr(mp, least)", None),
        ("hasattr(sys, 'get_context')", None),
        ("hasattr(toolbox, 'get_context')", None),
        ("not six.PY2", True),
        ("not toolbox", None),
        ("six.PY2 or toolbox", None),
        ("six.PY3 or toolbox", True),
        ("six.PY2 and toolbox", False),
        ("six.PY3 and version_info > (3, 2)", True),
        ("six.PY2 or version_info < (3, 2)", False),
        ("False", None),  # of constants others know
    ],
)
def test_what_is_certain(test: str, answer: bool | None) -> None:
    source = f"{IMPORTS}\nif {test}:\n    one()\nelse:\n    other()\n"
    source += f"x = one() if {test} else other()\n"
    facts = lower(cst.parse_module(source)).facts
    steps = list(f.steps(facts.module.body))
    called = [
        step.value.function.id
        for step in steps
        if isinstance(step, f.Evaluate)
        and isinstance(step.value, f.Call)
        and isinstance(step.value.function, f.Name)
    ]
    expected = {True: ["one"], False: ["other"], None: ["one", "other"]}[answer]
    assert called == expected
    assert any(isinstance(step, f.Branch) for step in steps) is (answer is None)
    value = steps[-1].value if isinstance(steps[-1], f.Bind) else None
    assert isinstance(value, f.Conditional) is (answer is None)
    if isinstance(value, f.Call) and isinstance(value.function, f.Name):
        assert [value.function.id] == expected


def test_some_of_several_arms() -> None:
    source = """
import sys
if toolbox.a: a()
elif sys.version_info < (3,): b()
elif toolbox.c: c()
elif sys.version_info >= (3,): d()
elif toolbox.e: e()
else: g()
"""
    [step] = [
        s for s in lower(cst.parse_module(source)).facts.module.body if isinstance(s, f.Branch)
    ]
    assert len(step.arms) == 2
    assert len(step.otherwise) == 1


def test_a_name_that_is_something_else_by_now() -> None:
    source = "import sys\nsys = toolbox.sys\nif sys.version_info < (3,): a()\n"
    body = lower(cst.parse_module(source)).facts.module.body
    assert any(isinstance(step, f.Branch) for step in body)


def test_what_does_not_run_makes_nothing(tmp_path: Path) -> None:
    program = small(
        tmp_path,
        """
        import sys
        if sys.version_info[0] == 2:
            context = mp  # old
        else:
            context = mp.get_context("fork")

        def main():
            if hasattr(mp, "get_context"):
                pinned = mp.get_context("fork")
            else:
                pinned = mp
            context.Process(target=print).start()  # a
            pinned.Process(target=print).start()  # b
        """,
    )
    for mark in ("a", "b"):
        [worker] = {start.receiver for start in program.operations(mark) if start.does == "start"}
        assert program.program.methods_of(worker) == ("fork",)
