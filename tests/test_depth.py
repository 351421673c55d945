"""What is nested or chained beyond all measure is refused, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import HANG, ROOT, Ran

from mplint.depth import MAX_BRANCHES, MAX_CHAIN, too_deep

Write = Callable[..., Path]
Mplint = Callable[..., Ran]

BRANCHES = "if x == 0:\n    y = 0\n"


def branches(count: int, indentation: str = "") -> str:
    lines = (f"elif x == {n}:\n    # no\n\n    y = f(elif_=1)\n" for n in range(count))
    return "".join(indentation + line for line in (BRANCHES + "".join(lines)).splitlines(True))


DEEP = {
    "parentheses": "x = " + "(" * 3000 + "1" + ")" * 3000,
    "brackets over lines": "x = " + "[\n" * 3000 + "]\n" * 3000,
    "a sum": "x = " + " + ".join(f"a{n}" for n in range(5000)),
    "a sum over lines": "x = (\n" + " +\n".join(f"    a{n}" for n in range(5000)) + ")",
    "a sum with backslashes": "x = " + " + \\\n".join(f"a{n}" for n in range(5000)),
    "a sum of strings": "x = " + " + ".join("'a, b'" for _ in range(5000)),
    "strings side by side": "x = (" + " ".join("'a'" for _ in range(5000)) + ")",
    "a chain of calls": "x = a" + ".b()" * 3000,
    "a chain of calls over lines": "x = (a\n" + "    .b(1, 'c, d')  # e, f\n" * 3000 + ")",
    "attributes": "x = a" + ".b" * 3000,
    "subscripts": "x = a" + "[0]" * 3000,
    "signs": "x = " + "-" * 3000 + "a",
    "negations": "x = " + "not " * 3000 + "a",
    "powers": "x = " + "a ** " * 3000 + "a",
    "conditions": "x = " + "a if b else " * 3000 + "a",
    "conjunctions": "x = " + " and ".join("a" * 3000),
    "comparisons": "x = " + " < ".join("a" * 3000),
    "functions without names": "x = " + "lambda: " * 3000 + "a",
    "such functions with parameters": "x = " + "lambda a, b: " * 3000 + "a",
    "tuples of one in patterns": f"match x:\n    case {'(' * 9}a{',)' * 9}:\n        pass",
    "braces in patterns": f"match x:\n    case {'{1: ' * 9}a{'}' * 9}:\n        pass",
    "lists in patterns": f"match x:\n    case {'[' * 17}a{']' * 17}:\n        pass",
    "classes in patterns": f"match x:\n    case {'C(' * 17}a{')' * 17}:\n        pass",
    "many such patterns": "match x:\n" + f"    case {'[' * 15}a{']' * 15}: pass\n" * 40,
    "clauses": "x = [a" + " for a, b in c" * 3000 + "]",
    "branches": branches(MAX_BRANCHES + 1),
    "branches in a function": "def f(x):\n" + branches(MAX_BRANCHES + 1, "    "),
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_what_is_refused(text: str, write: Write, mplint: Mplint) -> None:
    found = too_deep(text.encode())
    assert found is not None
    assert 1 <= found[1] <= text.count("\n") + 1
    write("a.py", f"from multiprocessing import Pool; Pool\n{text}\n")
    write("b.py", HANG)
    ran = mplint("check", ".", "--select=MPL114", "--output-format=concise", "--quiet")
    assert [line.split(" ")[1] for line in ran.lines] == ["MPL001", "MPL114"]


WIDE = {
    "a table": "x = [\n" + "    a.b.c(1, 2) + 5,\n" * 5000 + "]",
    "a table of strings": "x = {\n" + "    'a.b-c': 'd.e-f',\n" * 5000 + "}",
    "names of a with": "with " + ", ".join("a" * 5000) + ":\n    pass",
    "decorators": "@a\n" * 5000 + "def f():\n    pass",
    "statements": "x = a + b.c()\n" * 5000,
    "statements in a line": "x = a.b; " * 5000,
    "handlers": "try:\n    pass\n" + "except A:\n    pass\n" * 3000,
    "a long string": "x = '''" + "a + b.c() - " * 5000 + "'''",
    "a long comment": "# " + "a + b.c() - " * 5000,
    "ifs one after another": BRANCHES * 6000,
    "two long chains of branches": branches(MAX_BRANCHES - 1) + branches(MAX_BRANCHES - 1),
    "brackets in strings": "x = '('\n" * 500,
    "brackets in strings of patterns": f"match x:\n    case '{'(' * 50}' | \"{'[' * 50}\": pass",
    "brackets behind a pattern": f"match x:\n    case (1): y = {'(' * 50}1{')' * 50}",
    "brackets in calls of `case`": f"case = f\ncase (1)\nx = {'(' * 50}1{')' * 50}",
    "many patterns": "match x:\n" + "    case {1: C(a, [b, (c, _)])}: pass\n" * 4000,
}


@pytest.mark.parametrize("text", WIDE.values(), ids=WIDE.keys())
def test_what_is_wide_is_not_deep(text: str) -> None:
    assert too_deep(text.encode()) is None


JUST = {
    "a sum": "x = a" + " + a" * (MAX_CHAIN // 2),
    "calls": "x = a" + ".b()" * (MAX_CHAIN // 2 - 1),
    "functions without names": "x = " + "lambda: " * (MAX_CHAIN // 2) + "a",
    "conditions": "x = " + "a if b else " * (MAX_CHAIN // 2 - 1) + "a",
    "signs": "x = " + "-" * (MAX_CHAIN - 2) + "a",
    "parentheses": "x = " + "(" * 399 + "1" + ")" * 399,
    "branches": branches(800),
    "tuples of one in patterns": f"match x:\n    case {'(' * 8}a{',)' * 8}:\n        pass",
}


@pytest.mark.parametrize("text", JUST.values(), ids=JUST.keys())
def test_what_is_let_through_is_analysed(text: str, write: Write, mplint: Mplint) -> None:
    write("a.py", f"{HANG}\n{text}\n")
    ran = mplint("check", "a.py", "--select=MPL114", "--output-format=concise", "--quiet")
    assert [line.split(" ")[1] for line in ran.lines] == ["MPL114"]


def test_nothing_of_our_own_is_deep() -> None:
    for path in ROOT.glob("mplint/**/*.py"):
        assert too_deep(path.read_bytes()) is None, path
