"""Programs that mean the same have the same findings, however they are written.

The programs are those of the fixtures and of the rules' own folders. Like `test_fuzz`, this tries
a few of each kind, and with `MPLINT_FUZZ=5000` so many.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest
import rewriting
import splitting
from conftest import ROOT
from rewriting import Files, Lines

from mplint.config import Configuration, Settings
from mplint.diagnostics import Diagnostic, Place
from mplint.engine import Engine
from mplint.registry import load

EXAMPLES = int(os.environ.get("MPLINT_FUZZ", "0"))
ALL = Configuration(Settings(select=("ALL",)), isolated=True)
RULES = load().folders

Found: TypeAlias = list[tuple[object, ...]]
"""What must not change: code, start methods, and where that is."""

# Programs -----------------------------------------------------------------------------------------


@cache
def programs() -> dict[str, Files]:
    """All programs, by where they are."""
    folders = [*(ROOT / "fixtures/wild").glob("*/*/"), *(ROOT / "fixtures/projects").glob("*/")]
    single = list((ROOT / "fixtures/wild").glob("*/*.py"))
    for folder in RULES.values():
        for name in ("bad", "good"):
            if (folder / f"{name}.py").exists():
                single.append(folder / f"{name}.py")
            else:
                folders.append(folder / name)
    found = {path: {"program.py": path} for path in single}
    found |= {
        folder: {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*.py"))}
        for folder in folders
    }
    return {
        path.relative_to(ROOT).as_posix(): {
            n: p.read_text(encoding="utf-8") for n, p in files.items()
        }
        for path, files in sorted(found.items())
        if files
    }


@cache
def of_one_file() -> list[str]:
    return [name for name, files in programs().items() if len(files) == 1]


@cache
def of_several_files() -> list[str]:
    return [name for name, files in programs().items() if len(files) > 1]


@pytest.fixture(scope="session")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which there is nothing on disk."""
    folder = tmp_path_factory.mktemp("nowhere")
    (folder / "pyproject.toml").touch()
    return folder


def findings(files: Files, folder: Path, shown: Sequence[str] = ()) -> list[Diagnostic]:
    """What is found in some files of a program, or in all."""
    overlay = {folder / name: text.encode() for name, text in files.items()}
    targets = {folder / name: str(folder / name) for name in shown or files}
    report = Engine(load(), ALL, overlay).check(targets)
    assert not report.errors
    for item in report.diagnostics:
        assert item.code != "MPL002", item.message
    return report.diagnostics


def places(
    found: Sequence[Diagnostic], folder: Path, moved: Lines = lambda path, line: line
) -> Found:
    """With the files, and the other ends; `moved` says where their lines are now."""

    def at(place: Place) -> tuple[str, int]:
        path = Path(place.path).relative_to(folder).as_posix()
        return path, moved(path, place.line)

    return sorted(
        (*at(item.place), item.code, item.start_methods, *sorted(at(r.place) for r in item.related))
        for item in found
    )


def lines(found: Sequence[Diagnostic], known: frozenset[str] = frozenset()) -> Found:
    """Wherever these lines stand now, without the findings of some rules."""
    return sorted(
        (item.place.line, item.code, item.start_methods) for item in found if item.code not in known
    )


def cases(names: Callable[[], list[str]], few: int, seed: str) -> Sequence[tuple[str, int]]:
    """Programs to try, each with a number to begin with."""
    chance = random.Random(seed)
    return [(chance.choice(names()), chance.randrange(10**6)) for _ in range(EXAMPLES or few)]


def every() -> list[str]:
    return list(programs())


def told(files: Files) -> str:
    return "\n".join(f"### {name}\n{text}" for name, text in files.items())


# One program, written in two ways -----------------------------------------------------------------

EXACTLY: dict[str, Callable[[Files, random.Random], Files]] = {
    "names": rewriting.rename,
    "imports by another name": rewriting.imports_by_another_name,
    "imports of modules": rewriting.imports_of_modules,
}


@pytest.mark.parametrize("way", EXACTLY)
@pytest.mark.parametrize(("name", "seed"), cases(every, 40, "names"))
def test_names_do_not_matter(nowhere: Path, way: str, name: str, seed: int) -> None:
    before = programs()[name]
    after = EXACTLY[way](before, random.Random(seed))
    if after != before:
        was, now = (places(findings(files, nowhere), nowhere) for files in (before, after))
        assert was == now, told(after)


@pytest.mark.parametrize(("name", "seed"), cases(every, 60, "lines"))
def test_lines_that_do_nothing_do_not_matter(nowhere: Path, name: str, seed: int) -> None:
    before = programs()[name]
    after, moved = rewriting.insert(before, random.Random(seed))
    was = places(findings(before, nowhere), nowhere, moved)
    assert was == places(findings(after, nowhere), nowhere), told(after)


SEEN_IN_ONE_EXPRESSION = frozenset(
    {
        "MPL302",  # `target=work()`, and not `result = work()` and then `target=result`
        "MPL503",  # `count = 1`, and not `count: int = 1`
        # by other names:
        "MPL209",  # `list(range(n))`
        *("MPL306", "MPL307", "MPL313", "MPL318", "MPL511", "MPL514", "MPL516"),
    }
)
"""Rules that look at how something is written: known misses where it is written otherwise."""


@pytest.mark.parametrize(("name", "seed"), cases(every, 80, "alike"))
def test_other_words_for_the_same(nowhere: Path, name: str, seed: int) -> None:
    before = programs()[name]
    after = rewriting.alike(before, random.Random(seed))
    was, now = (lines(findings(f, nowhere), SEEN_IN_ONE_EXPRESSION) for f in (before, after))
    assert was == now, told(after)


MAIN: dict[str, Callable[[Files, random.Random], Files]] = {
    "in a function": splitting.main_in_a_function,
    "below the guard": splitting.main_below_the_guard,
}

MODULE_MAY_BE_IMPORTED = frozenset({"MPL103", "MPL124", "MPL512"})
"""Rules that go every way through a module, also the one on which its guard does not hold: known
misses below a guard."""

OF_THE_GUARD = frozenset({"MPL301"})
"""Rules that speak of the call under a guard that is misspelt, which is another one then."""


@pytest.mark.parametrize("way", MAIN)
@pytest.mark.parametrize(("name", "seed"), cases(of_one_file, 40, "main"))
def test_where_a_program_begins_does_not_matter(
    nowhere: Path, way: str, name: str, seed: int
) -> None:
    before = programs()[name]
    after = MAIN[way](before, random.Random(seed))
    if after != before:
        known = MODULE_MAY_BE_IMPORTED | OF_THE_GUARD
        was, now = (lines(findings(files, nowhere), known) for files in (before, after))
        assert was == now, told(after)


# One file or several ------------------------------------------------------------------------------

ONE_OF_TWO = frozenset({"MPL126", "MPL204", "MPL505", "MPL513"})
"""Rules that report one of two places: whose file comes first in the order of names, or is that of
the class."""

AT_IMPORT = frozenset({"MPL404"})
"""Rules about what a module has defined by then: what is imported is defined earlier."""


@pytest.mark.parametrize("way", splitting.WAYS)
@pytest.mark.parametrize(("name", "seed"), cases(of_one_file, 15, "split"))
def test_what_is_in_which_file_does_not_matter(
    nowhere: Path, way: str, name: str, seed: int
) -> None:
    before = programs()[name]
    after = splitting.split(before, random.Random(seed), way)
    if after != before:
        known = ONE_OF_TWO | AT_IMPORT
        was, now = (lines(findings(files, nowhere), known) for files in (before, after))
        assert was == now, told(after)


@pytest.mark.parametrize(("name", "seed"), cases(of_one_file, 60, "mention"))
def test_files_that_mention_nothing_cost_findings_at_most(
    nowhere: Path, name: str, seed: int
) -> None:
    """A module without a word of processes is only looked into where it is needed."""
    before = programs()[name]
    after = splitting.split(before, random.Random(seed), mention=False)
    was, now = (lines(findings(files, nowhere), ONE_OF_TWO) for files in (before, after))
    assert set(now) <= set(was), told(after)


def several(name: str, seed: int) -> Files:
    """A program of several files, if need be by cutting it up."""
    files = programs()[name]
    return splitting.split(files, random.Random(seed)) if len(files) == 1 else files


@pytest.mark.parametrize(("name", "seed"), cases(every, 40, "order"))
def test_files_one_by_one_in_any_order(nowhere: Path, name: str, seed: int) -> None:
    files = several(name, seed)
    whole = findings(files, nowhere)
    names = sorted(files)
    random.Random(seed).shuffle(names)
    assert findings({name: files[name] for name in names}, nowhere, names) == whole
    alone = [item for name in names for item in findings(files, nowhere, [name])]
    assert sorted(alone) == whole


@pytest.mark.parametrize(("name", "seed"), cases(every, 60, "files"))
def test_names_of_files_do_not_matter(nowhere: Path, name: str, seed: int) -> None:
    before = several(name, seed)
    new = splitting.new_names(before, random.Random(seed))
    after = splitting.moved_to(before, new)
    was, now = (lines(findings(files, nowhere), ONE_OF_TWO) for files in (before, after))
    assert was == now, told(after)


@pytest.mark.parametrize(("name", "seed"), cases(every, 10, "cache"))
def test_the_cache_knows_programs_of_several_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, seed: int
) -> None:
    files = several(name, seed)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    write(files, tmp_path)

    def run(*, cached: bool) -> list[Diagnostic]:
        engine = Engine(load(), Configuration(Settings(select=("ALL",))), cached=cached)
        return engine.check(engine.discover(["."])).diagnostics

    cold = run(cached=False)
    assert [run(cached=True), run(cached=True)] == [cold, cold]
    changed = random.Random(seed).choice(sorted(files))
    (tmp_path / changed).write_text("", encoding="utf-8")
    assert run(cached=True) == run(cached=False)
    (tmp_path / changed).write_text(files[changed], encoding="utf-8")
    assert run(cached=True) == cold


def write(files: Mapping[str, str], folder: Path) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
