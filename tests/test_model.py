"""The model, asked directly: what it knows of each line, and the graph of whole programs.

`python tests/test_model.py` writes the expected graphs anew. Read what has changed in them: each
line is a claim about a program.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from expectations import expected, facts_of, programs, view_of
from small import small

from mplint.model.graph import draw, to_text
from mplint.model.values import Site

FIXTURES = Path(__file__).parent.parent / "fixtures"
PROJECTS = sorted(path for path in (FIXTURES / "projects").iterdir() if path.is_dir())
DRAWN = sorted(FIXTURES.glob("projects/*/graph.txt"))


@cache
def facts(project: Path) -> dict[Path, dict[int, set[str]]]:
    found: dict[Path, dict[int, set[str]]] = {}
    for owner, program, members in programs(sorted(project.rglob("*.py"))):
        for path in members:
            if path in program.solver.files:
                by_line = facts_of(owner, view_of(owner, program, path))
                for line, lines in by_line.items():
                    found.setdefault(path, {}).setdefault(line, set()).update(lines)
    return found


def differences(project: Path, kind: str) -> dict[str, tuple[set[str], set[str]]]:
    """By place, what a project expects in comments of a kind and what the model knows, where that
    is not the same."""
    found = {}
    for path in sorted(project.rglob("*.py")):
        for line, words in expected(path, kind).items():
            wanted, known = set(words) - {""}, facts(project).get(path, {}).get(line, set())
            if known != wanted:
                found[f"{path.relative_to(FIXTURES)}:{line}"] = (wanted, known)
    return found


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_facts(project: Path) -> None:
    assert differences(project, "model") == {}


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_known_misses_are_still_missed(project: Path) -> None:
    """What the model has learned is an expectation from then on, not a known miss."""
    missed = differences(project, "todo-model")
    learned = [
        f"{path.relative_to(FIXTURES)}:{line}"
        for path in sorted(project.rglob("*.py"))
        for line in expected(path, "todo-model")
        if f"{path.relative_to(FIXTURES)}:{line}" not in missed
    ]
    assert learned == []


def drawn(project: Path) -> str:
    """The graphs of all programs of a project, as text."""
    texts = []
    for owner, program, _ in programs(sorted(project.rglob("*.py"))):

        def locate(site: Site, owner: object = owner) -> str:
            place = owner.loader.place(site)  # type: ignore[attr-defined]
            return f"{Path(place.path).relative_to(project)}:{place.line}"

        texts.append(to_text(draw(program, locate)))
    return "\n\n".join(sorted(text for text in texts if text)) + "\n"


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.parent.name)
def test_graph(path: Path) -> None:
    assert drawn(path.parent) == path.read_text(encoding="utf-8")


def test_enough_graphs_are_expected() -> None:
    assert len(DRAWN) >= 8


if __name__ == "__main__":
    for path in DRAWN:
        path.write_text(drawn(path.parent), encoding="utf-8")


def test_activations_are_in_one_order(tmp_path: Path) -> None:
    """Whatever the order is in which they are reached: that of sets is another in every run."""
    calls = "\n".join(f"mp.Process(target=work, args=(mp.Queue(), {n})).start()" for n in range(30))
    asked = small(
        tmp_path,
        f"""\
import multiprocessing as mp

def take(queue):
    return queue.get()

def work(queue, number):
    take(queue)

{calls}
""",
    )
    found = [list(map(repr, alike)) for alike in asked.program.solver.of_function.values()]
    assert max(map(len, found)) == 30
    assert all(names == sorted(names) for names in found)
