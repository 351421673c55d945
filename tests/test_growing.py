"""Projects of several files that nobody wrote: grown from a grammar, or mutations of our own.

`MPLINT_FUZZ=5000 pytest tests/test_growing.py` tries that many of each kind instead of a few.
"""

from __future__ import annotations

import ast
import json
import os
import random
from collections.abc import Mapping
from pathlib import Path

import growing
import pytest
from conftest import script, spawn
from test_fuzz import EXAMPLES, changed_tree
from test_rewriting import (
    ONE_OF_TWO,
    findings,
    lines,
    nowhere,
    of_several_files,
    places,
    programs,
    told,
    write,
)

from mplint.model import facts, nouns, values
from mplint.model.solving import calls, solve

seeds = pytest.mark.parametrize("seed", range(EXAMPLES or 25))

__all__ = ["nowhere"]


def mutated(seed: int) -> dict[str, str]:
    """A program of ours of several files, with some changes; it need not mean anything."""
    chance = random.Random(seed)
    files = dict(programs()[chance.choice(of_several_files())])
    for name, text in files.items():
        if chance.random() < 0.7:
            files[name] = ast.unparse(changed_tree(ast.parse(text), chance))
    if chance.random() < 0.3:
        del files[chance.choice(sorted(files))]
    return files


def check(files: Mapping[str, str], folder: Path, seed: int) -> None:
    """That a project says the same of its files in any order and one by one."""
    whole = findings(files, folder)
    names = sorted(files)
    random.Random(seed).shuffle(names)
    assert findings({name: files[name] for name in names}, folder, names) == whole, told(files)
    alone = [item for name in names for item in findings(files, folder, [name])]
    assert sorted(alone) == whole, told(files)


@seeds
def test_projects_from_a_grammar(nowhere: Path, seed: int) -> None:
    check(growing.grow(seed), nowhere, seed)


@seeds
def test_mutations_of_several_files(nowhere: Path, seed: int) -> None:
    check(mutated(seed), nowhere, seed)


@seeds
def test_modules_may_be_called_otherwise(nowhere: Path, seed: int) -> None:
    files = growing.grow(seed)
    other = random.Random(seed).sample(growing.OTHER_NAMES, len(growing.MODULES))
    renamed = growing.grow(seed, tuple(other))
    was, now = (lines(findings(each, nowhere), ONE_OF_TWO) for each in (files, renamed))
    assert was == now, told(renamed)


@seeds
def test_unrelated_definitions_may_be_anywhere(nowhere: Path, seed: int) -> None:
    """What stands below all else in one module or in another changes nothing."""
    chance = random.Random(seed)
    grown = [
        growing.grow(seed, unrelated=module) for module in ("", *chance.sample(growing.MODULES, 2))
    ]
    found = [places(findings(files, nowhere), nowhere) for files in grown]
    assert found[0] == found[1] == found[2], told(grown[1])


BY_IDENTITY = [
    thing
    for module in (calls, facts, nouns, solve, values)
    for thing in vars(module).values()
    if isinstance(thing, type)
    and thing.__module__ == module.__name__
    and thing.__hash__ is object.__hash__
    # these are in sets already
    and thing not in (*type(values.UNKNOWN).__mro__, type(values.DATA))
]
"""The classes whose objects a set has in an order that depends on where they are in memory."""


# the first ones were told of now one worker, now another
@pytest.mark.parametrize("seed", [32, 34, 50, 60, 66, 73, *range(EXAMPLES or 20)])
def test_sets_may_have_any_order(nowhere: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    files = growing.grow(seed)
    found = []
    for factor in (1, 3, 0x9E3779B97F4A7C15, -1):

        def order(self: object, factor: int = factor) -> int:
            return ((id(self) >> 4) * factor & 0xFFFF_FFFF_FFFF) >> 3

        with monkeypatch.context() as patched:
            for thing in BY_IDENTITY:
                patched.setattr(thing, "__hash__", order)
            found.append(findings(files, nowhere))
    assert found[0] == found[1] == found[2] == found[3], told(files)


@pytest.mark.parametrize("seed", range(max(EXAMPLES // 500, 1)))
def test_how_it_runs_does_not_matter(tmp_path: Path, seed: int) -> None:
    """Not the hashes of texts, nor the processes, nor what an earlier run has kept, nor which file
    is named first."""
    chance = random.Random(seed)
    few = [programs()[name] for name in chance.sample(sorted(programs()), 12)]
    several = {f"grown_{n}": growing.grow(chance.randrange(10**6)) for n in range(6)}
    several |= {f"own_{number}": files for number, files in enumerate(few)}
    for folder, files in several.items():
        write(files, tmp_path / folder)
        (tmp_path / folder / "pyproject.toml").touch()
    names = [str(path) for path in tmp_path.rglob("*.py")]
    chance.shuffle(names)
    options = ("check", "--select=ALL", "--output-format=json")
    ways: tuple[tuple[str, ...], ...] = (
        ("--no-cache", "--jobs=1", str(tmp_path)),
        ("--no-cache", "--jobs=2", *names),
        ("--jobs=2", str(tmp_path)),  # with nothing kept
        ("--jobs=1", *names),  # with all of it kept
    )
    found = []
    for hashes, way in enumerate(ways):
        environment = {**os.environ, "PYTHONHASHSEED": str(hashes + 5 * seed)}
        ran = spawn(script("mplint"), *options, *way, env=environment, cwd=tmp_path)
        assert ran.err == "", way
        found.append(json.loads(ran.out))
    assert len({item["code"] for item in found[0]}) > 8
    assert all(found[0] == other for other in found[1:])


def test_the_grammar_grows_programs_with_findings(nowhere: Path) -> None:
    codes = {item.code for seed in range(40) for item in findings(growing.grow(seed), nowhere)}
    assert len(codes) > 12
