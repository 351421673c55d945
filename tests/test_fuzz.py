"""Programs that nobody wrote: parts of our own examples put together anew, and plain noise.

`MPLINT_FUZZ=5000 pytest tests/test_fuzz.py` tries that many of each kind instead of a few.
"""

from __future__ import annotations

import ast
import copy
import os
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT

from mplint.config import Configuration, Settings
from mplint.diagnostics import Diagnostic
from mplint.engine import Engine
from mplint.registry import load

EXAMPLES = int(os.environ.get("MPLINT_FUZZ", "0"))
ALL = Configuration(Settings(select=("ALL",)), isolated=True)

few = pytest.mark.parametrize("seed", range(EXAMPLES or 40))


def findings(path: Path, data: bytes) -> list[Diagnostic]:
    engine = Engine(load(), ALL, {path: data})
    report = engine.check({path: path.name})
    assert not report.errors
    return report.diagnostics


def check_sane(path: Path, data: bytes) -> list[Diagnostic]:
    """The findings in a file, none of which may be a failure of our own."""
    found = findings(path, data)
    for item in found:
        assert item.code != "MPL002", f"{item.message}\n{data.decode(errors='replace')}"
        lines = data.count(b"\n") + data.count(b"\r") + 1
        assert 1 <= item.place.line <= item.place.end_line <= lines
    return found


# Our own programs, cut up and put together ------------------------------------------------------


@cache
def programs() -> list[Path]:
    return sorted((ROOT / "fixtures" / "wild").glob("mpl*/*.py"))


def blocks(tree: ast.AST) -> list[list[ast.stmt]]:
    """The lists of statements in a tree."""
    return [
        block
        for node in ast.walk(tree)
        for name in ("body", "orelse", "finalbody")
        if isinstance(block := getattr(node, name, None), list) and block
    ]


def remove(block: list[ast.stmt], at: int, others: list[ast.stmt], chance: random.Random) -> None:
    block[at : at + 1] = [] if len(block) > 1 else [ast.Pass()]


def repeat(block: list[ast.stmt], at: int, others: list[ast.stmt], chance: random.Random) -> None:
    block.insert(at, copy.deepcopy(block[at]))


def swap(block: list[ast.stmt], at: int, others: list[ast.stmt], chance: random.Random) -> None:
    other = chance.randrange(len(block))
    block[at], block[other] = block[other], block[at]


def borrow(block: list[ast.stmt], at: int, others: list[ast.stmt], chance: random.Random) -> None:
    block.insert(at, copy.deepcopy(chance.choice(others)))  # it must not get into itself


def put_inside(
    block: list[ast.stmt], at: int, others: list[ast.stmt], chance: random.Random
) -> None:
    """Puts a statement into another one: a condition, a loop, a function, a class, …"""
    holder = ast.parse(
        chance.choice(
            (
                "if unknown():\n    pass",
                "while unknown():\n    pass",
                "for item in unknown():\n    pass",
                "for number in range(3):\n    pass",
                "with unknown() as thing:\n    pass",
                "try:\n    pass\nexcept Exception:\n    pass",
                "try:\n    pass\nfinally:\n    pass",
                "try:\n    pass\nexcept* OSError:\n    raise",
                "def inner(*args, **kwargs):\n    pass",
                "async def inner():\n    pass",
                "class Inner:\n    pass",
                "if __name__ == '__main__':\n    pass",
                "match unknown():\n    case [first, *rest]:\n        pass",
            )
        )
    ).body[0]
    chance.choice(blocks(holder))[:] = [block[at]]
    block[at] = holder


def rename(block: list[ast.stmt], at: int, others: list[ast.stmt], chance: random.Random) -> None:
    """Makes names and attributes mean each other."""
    names = [node for node in ast.walk(block[at]) if isinstance(node, ast.Name | ast.Attribute)]
    if len(names) < 2:
        return
    one, other = chance.sample(names, 2)
    text = other.id if isinstance(other, ast.Name) else other.attr
    if isinstance(one, ast.Name):
        one.id = text
    else:
        one.attr = text


def move_arguments(
    block: list[ast.stmt], at: int, others: list[ast.stmt], chance: random.Random
) -> None:
    calls = [node for node in ast.walk(block[at]) if isinstance(node, ast.Call)]
    if not calls:
        return
    call = chance.choice(calls)
    kind = chance.randrange(4)
    if kind == 0:
        call.args, call.keywords = [], []
    elif kind == 1:
        call.args = [ast.Starred(ast.Name("unknown", ast.Load()), ast.Load()), *call.args]
    elif kind == 2:
        call.keywords = [*call.keywords, ast.keyword(None, ast.Name("unknown", ast.Load()))]
    else:
        call.args = [*call.args, copy.deepcopy(call.func)]


CHANGES: tuple[Callable[[list[ast.stmt], int, list[ast.stmt], random.Random], None], ...] = (
    remove,
    repeat,
    swap,
    borrow,
    put_inside,
    rename,
    move_arguments,
)


def changed(chance: random.Random) -> str:
    """A program of ours with some changes; it need not mean anything."""
    tree = ast.parse(chance.choice(programs()).read_bytes())
    return ast.unparse(changed_tree(tree, chance))


def changed_tree(tree: ast.Module, chance: random.Random) -> ast.Module:
    others = ast.parse(chance.choice(programs()).read_bytes()).body
    for _ in range(chance.randrange(1, 8)):
        if found := blocks(tree):
            block = chance.choice(found)
            chance.choice(CHANGES)(block, chance.randrange(len(block)), others, chance)
    return ast.fix_missing_locations(tree)


@few
def test_changed_programs(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    check_sane(tmp_path / "program.py", changed(chance).encode())


@few
def test_code_that_has_nothing_to_do_with_it(seed: int, tmp_path: Path) -> None:
    """What stands below a program, and shares no name with it, changes nothing."""
    chance = random.Random(seed)
    text = changed(chance)
    below = "\n\nclass Unrelated:\n    kept = [1, 2]\n\n    def own(self, x):\n        return x\n"
    path = tmp_path / "program.py"
    assert findings(path, text.encode()) == findings(path, f"{text}{below}".encode())


@few
def test_bytes_that_change(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    data = bytearray(chance.choice(programs()).read_bytes())
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randrange(1, 30)]
            case _:
                data[at:at] = data[chance.randrange(len(data)) :][: chance.randrange(30)]
    check_sane(tmp_path / "program.py", bytes(data))


@few
def test_noise(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    noise = b"from multiprocessing import Pool; Pool\n" + chance.randbytes(chance.randrange(300))
    assert {item.code for item in check_sane(tmp_path / "a.py", noise)} <= {"MPL001"}


# Where nothing can be found -----------------------------------------------------------------------


def plain_names(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


@few
def test_without_the_libraries_nothing_is_found(seed: int, tmp_path: Path) -> None:
    """The same programs, with all that they import coming from a module that nobody knows."""
    chance = random.Random(seed)
    tree = ast.parse(changed(chance))
    for node in plain_names(tree):
        if isinstance(node, ast.ImportFrom):
            node.module, node.level = "nobody_knows", 0
        else:
            for alias in node.names:
                alias.asname = alias.asname or alias.name.partition(".")[0]
                alias.name = "nobody_knows"
    text = ast.unparse(tree)
    found = findings(tmp_path / "program.py", text.encode())
    assert found == [], text
