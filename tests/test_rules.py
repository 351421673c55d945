"""Every rule keeps every promise, and every fixture is found out as it says of itself."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from expectations import expected

from mplint.config import Configuration, Settings
from mplint.diagnostics import Diagnostic
from mplint.engine import Engine
from mplint.registry import load
from mplint.rule import Rule

REGISTRY = load()
ROOT = Path(__file__).parent.parent
WILD = sorted((ROOT / "fixtures").rglob("*.py"))
SECTIONS = ["What happens", "Why", "Instead", "When mplint stays silent", "Known misses"]


@cache
def engine() -> Engine:
    return Engine(REGISTRY, Configuration(Settings(select=("ALL",)), isolated=True))


@cache
def findings() -> dict[Path, list[Diagnostic]]:
    """What is found in all fixtures, checked together."""
    found: dict[Path, list[Diagnostic]] = {path: [] for path in WILD}
    for diagnostic in engine().check({path: str(path) for path in WILD}).diagnostics:
        found[Path(diagnostic.path)].append(diagnostic)
    return found


def programs(folder: Path, name: str) -> dict[Path, str]:
    """`bad.py`, or all files of the folder `bad/`."""
    single, several = folder / f"{name}.py", folder / name
    paths = [single] if single.exists() else sorted(several.rglob("*.py"))
    assert paths, f"{folder.name} has no {name}.py"
    return {path: str(path) for path in paths}


@pytest.fixture(params=REGISTRY.rules.values(), ids=lambda rule: rule.code)
def rule(request: pytest.FixtureRequest) -> Rule:
    return request.param  # type: ignore[no-any-return]


def test_bad_is_found_and_nothing_else(rule: Rule) -> None:
    report = engine().check(programs(REGISTRY.folders[rule.code], "bad"))
    assert {diagnostic.code for diagnostic in report.diagnostics} == {rule.code}


def test_good_is_silent(rule: Rule) -> None:
    report = engine().check(programs(REGISTRY.folders[rule.code], "good"))
    assert report.diagnostics == []


def test_folder_is_named_after_the_rule(rule: Rule) -> None:
    expected_name = f"{rule.code.lower()}_{rule.name.replace('-', '_')}"
    assert REGISTRY.folders[rule.code].name == expected_name


def test_rules_that_yield(rule: Rule) -> None:
    """A finding gives way to the rule that names its cause, which gives way to others at most."""
    todo, seen = list(rule.yields_to), set()
    while todo:
        code = todo.pop()
        assert code != rule.code
        if code not in seen:
            seen.add(code)
            todo += REGISTRY.rules[code].yields_to


def test_page_has_its_sections_and_shows_the_programs(rule: Rule) -> None:
    folder = REGISTRY.folders[rule.code]
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {rule.name} ({rule.code})\n")
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert headings == SECTIONS
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    shown = [
        path.read_text(encoding="utf-8")
        for name in ("bad", "good")
        for path in programs(folder, name)
    ]
    assert blocks[: len(shown)] == shown


@pytest.mark.parametrize("path", WILD, ids=lambda path: str(path.relative_to(ROOT / "fixtures")))
def test_fixture(path: Path) -> None:
    found = {(d.place.line, d.code) for d in findings()[path]}
    wanted = {(line, code) for line, codes in expected(path, "error").items() for code in codes}
    missed = {(line, code) for line, codes in expected(path, "todo").items() for code in codes}
    assert found == wanted
    assert not found & missed, "a known miss is found now: write `# error:` instead of `# todo`"
